//! Memory: one pool a process, reservations that give back what they hold when they are dropped.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, ErrorKind, Meter, Result};

/// Hands out memory under a limit.
pub trait MemoryManager: Send + Sync + Debug {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit; then nothing was taken.
    fn try_grow(&self, bytes: usize) -> Result<()>;

    /// Takes `bytes` more, past the limit if need be: for what exists already and can only be counted.
    fn grow(&self, bytes: usize);

    /// Gives `bytes` back.
    fn shrink(&self, bytes: usize);

    /// Bytes held.
    fn current_usage(&self) -> usize;

    /// The most bytes that were held at once.
    fn peak_usage(&self) -> usize;

    /// The limit in bytes.
    fn limit(&self) -> usize;
}

/// Bytes held until dropped.
#[derive(Debug)]
pub struct MemoryReservation {
    manager: Arc<dyn MemoryManager>,
    bytes: usize,
    /// Of the operator that reserved first.
    meter: Option<Arc<Meter>>,
}

impl MemoryReservation {
    /// Reserves `bytes` of `manager`.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit.
    pub fn try_new(manager: Arc<dyn MemoryManager>, bytes: usize) -> Result<Self> {
        manager.try_grow(bytes)?;
        let meter = Meter::active();
        if let Some(meter) = &meter {
            meter.reserved(bytes);
        }
        Ok(Self {
            manager,
            bytes,
            meter,
        })
    }

    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit; then the reservation is as before.
    pub fn try_grow(&mut self, bytes: usize) -> Result<()> {
        self.manager.try_grow(bytes)?;
        self.bytes += bytes;
        if let Some(meter) = &self.meter {
            meter.reserved(bytes);
        }
        Ok(())
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.manager.shrink(self.bytes);
        if let Some(meter) = &self.meter {
            meter.released(self.bytes);
        }
    }
}

/// A pool with a fixed limit, first come, first served.
#[derive(Debug)]
pub struct PoolMemoryManager {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

impl PoolMemoryManager {
    /// A pool of `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }
}

impl MemoryManager for PoolMemoryManager {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        let fits = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        match self
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
        {
            Ok(before) => {
                self.peak.fetch_max(before + bytes, Ordering::AcqRel);
                Ok(())
            }
            Err(used) => Err(Error::new(
                ErrorKind::ResourceExhausted,
                format!(
                    "{bytes} more bytes do not fit: {used} of {} are in use; raise the memory limit",
                    self.limit
                ),
            )),
        }
    }

    fn grow(&self, bytes: usize) {
        let before = self.used.fetch_add(bytes, Ordering::AcqRel);
        self.peak.fetch_max(before + bytes, Ordering::AcqRel);
    }

    fn shrink(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }

    fn current_usage(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    fn peak_usage(&self) -> usize {
        self.peak.load(Ordering::Acquire)
    }

    fn limit(&self) -> usize {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_past_the_limit_takes_nothing_and_a_dropped_one_gives_back() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(100));
        let mut held = MemoryReservation::try_new(Arc::clone(&pool), 60).unwrap();
        assert_eq!(
            held.try_grow(41).unwrap_err().kind(),
            ErrorKind::ResourceExhausted
        );
        assert_eq!((held.bytes(), pool.current_usage()), (60, 60));
        drop(held);
        assert_eq!((pool.current_usage(), pool.peak_usage()), (0, 60));
    }
}
