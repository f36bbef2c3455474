//! `MemoryBudget`: the part of a manager's memory that one query may hold.

use std::sync::{Arc, Weak};

use super::counter::Counter;
use super::{MemoryManager, Reclaim};
use crate::Result;

/// A manager with a limit of its own, all of whose bytes are taken of another one too. What it still holds when it is
/// dropped goes back.
#[derive(Debug)]
pub struct MemoryBudget {
    parent: Arc<dyn MemoryManager>,
    own: Counter,
}

impl MemoryBudget {
    /// A budget of `limit` bytes of `parent`'s, or of all that `parent` has where that is less or `limit` is `None`.
    #[must_use]
    pub fn new(parent: Arc<dyn MemoryManager>, limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX).min(parent.limit());
        Self {
            parent,
            own: Counter::new(limit),
        }
    }
}

impl MemoryManager for MemoryBudget {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        let total = self.own.try_take(bytes)?;
        self.parent
            .try_grow(bytes)
            .inspect_err(|_| self.own.give_back(bytes))?;
        self.own.reached(total);
        Ok(())
    }

    fn grow(&self, bytes: usize) {
        self.own.reached(self.own.add(bytes));
        self.parent.grow(bytes);
    }

    fn shrink(&self, bytes: usize) {
        self.own.give_back(bytes);
        self.parent.shrink(bytes);
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
