//! `MemoryBudget`: the part of a manager's memory that one query may hold.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::caches::Caches;
use super::pool::exhausted;
use super::{MemoryManager, Reclaim};
use crate::Result;

/// A manager with a limit of its own, all of whose bytes are taken of another one too. What it still holds when it is
/// dropped goes back.
#[derive(Debug)]
pub struct MemoryBudget {
    parent: Arc<dyn MemoryManager>,
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    caches: Caches,
}

impl MemoryBudget {
    /// A budget of `limit` bytes of `parent`'s, or of all that `parent` has where that is less or `limit` is `None`.
    #[must_use]
    pub fn new(parent: Arc<dyn MemoryManager>, limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX).min(parent.limit());
        Self {
            parent,
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            caches: Caches::default(),
        }
    }

    /// Takes `bytes` of its own limit; the bytes in use where they do not fit.
    fn take(&self, bytes: usize) -> std::result::Result<(), usize> {
        let fits = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
            .map(|_| ())
    }
}

impl MemoryManager for MemoryBudget {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        if self.take(bytes).is_err() {
            if bytes <= self.limit {
                self.caches.reclaim(|| {
                    self.current_usage()
                        .saturating_add(bytes)
                        .saturating_sub(self.limit)
                });
            }
            self.take(bytes)
                .map_err(|used| exhausted(bytes, used, self.limit))?;
        }
        self.parent.try_grow(bytes).inspect_err(|_| {
            self.used.fetch_sub(bytes, Ordering::AcqRel);
        })?;
        self.peak.fetch_max(self.current_usage(), Ordering::AcqRel);
        Ok(())
    }

    fn grow(&self, bytes: usize) {
        let before = self.used.fetch_add(bytes, Ordering::AcqRel);
        self.peak.fetch_max(before + bytes, Ordering::AcqRel);
        self.parent.grow(bytes);
    }

    fn shrink(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        self.parent.shrink(bytes);
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

    fn add_cache(&self, cache: Weak<dyn Reclaim>) {
        self.caches.add(cache);
    }
}

impl Drop for MemoryBudget {
    fn drop(&mut self) {
        self.parent.shrink(self.current_usage());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, PoolMemoryManager};

    #[test]
    fn a_budget_is_limited_by_itself_and_by_the_process_and_others_do_not_feel_it() {
        let process: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(100));
        let small = MemoryBudget::new(Arc::clone(&process), Some(30));
        let free = MemoryBudget::new(Arc::clone(&process), None);
        assert_eq!((small.limit(), free.limit()), (30, 100));
        small.try_grow(30).unwrap();
        let refused = small.try_grow(1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ResourceExhausted);
        assert!(refused.message().contains("30 of 30"), "{refused}");
        free.try_grow(70).unwrap();
        let refused = free.try_grow(1).unwrap_err();
        assert!(refused.message().contains("100 of 100"), "{refused}");
        assert_eq!((free.current_usage(), process.current_usage()), (70, 100));
        drop(free);
        assert_eq!((process.current_usage(), small.peak_usage()), (30, 30));
    }
}
