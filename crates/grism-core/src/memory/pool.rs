//! `PoolMemoryManager`: the memory of a process, first come, first served.

use std::sync::Weak;

use super::counter::Counter;
use super::{MemoryManager, Reclaim, system_memory};
use crate::Result;

/// A pool with a fixed limit, first come, first served.
#[derive(Debug)]
pub struct PoolMemoryManager {
    own: Counter,
}

impl PoolMemoryManager {
    /// A pool of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            own: Counter::new(limit),
        }
    }

    /// A pool of three quarters of what the process may use, as [`system_memory`] says: the rest is for what is not counted.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(system_memory() / 4 * 3)
    }
}

impl MemoryManager for PoolMemoryManager {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        self.own.reached(self.own.try_take(bytes)?);
        Ok(())
    }

    fn grow(&self, bytes: usize) {
        self.own.reached(self.own.add(bytes));
    }

    fn shrink(&self, bytes: usize) {
        self.own.give_back(bytes);
    }

    fn current_usage(&self) -> usize {
        self.own.used()
    }

    fn peak_usage(&self) -> usize {
        self.own.peak()
    }

    fn limit(&self) -> usize {
        self.own.limit()
    }

    fn add_cache(&self, cache: Weak<dyn Reclaim>) {
        self.own.add_cache(cache);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{ErrorKind, MemoryReservation};

    /// A cache of entries of ten bytes.
    struct Tens(Mutex<Vec<MemoryReservation>>);

    impl Reclaim for Tens {
        fn reclaim(&self, bytes: usize) {
            let mut held = self.0.lock().unwrap();
            let left = held.len().saturating_sub(bytes.div_ceil(10));
            held.truncate(left);
        }
    }

    #[test]
    fn a_reservation_past_the_limit_takes_nothing_and_a_dropped_one_gives_back() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(100));
        let mut held = MemoryReservation::try_new(Arc::clone(&pool), 60).unwrap();
        assert_eq!(
            held.try_grow(41).unwrap_err().kind(),
            ErrorKind::ResourceExhausted
        );
        assert_eq!((held.bytes(), pool.current_usage()), (60, 60));
        held.resize(110);
        held.resize(20);
        assert_eq!(pool.current_usage(), 20);
        drop(held);
        assert_eq!((pool.current_usage(), pool.peak_usage()), (0, 110));
    }

    #[test]
    fn caches_give_back_what_is_missing_before_anything_is_refused() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(100));
        let tens = (0..8).map(|_| MemoryReservation::try_new(Arc::clone(&pool), 10).unwrap());
        let cache = Arc::new(Tens(Mutex::new(tens.collect())));
        let known: Arc<dyn Reclaim> = Arc::clone(&cache) as Arc<dyn Reclaim>;
        pool.add_cache(Arc::downgrade(&known));
        pool.try_grow(45).unwrap();
        assert_eq!(
            (cache.0.lock().unwrap().len(), pool.current_usage()),
            (5, 95)
        );
        // What cannot fit at all costs the cache nothing.
        assert!(pool.try_grow(101).is_err());
        assert_eq!(cache.0.lock().unwrap().len(), 5);
        assert!(pool.try_grow(60).is_err());
        assert_eq!(
            (cache.0.lock().unwrap().len(), pool.current_usage()),
            (0, 45)
        );
    }
}
