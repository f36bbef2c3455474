//! The memory that pieces of files take between the one that reads them and the one that takes what became of them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes that may be held; a piece larger than all of them is held alone.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    held: Mutex<usize>,
    freed: Condvar,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Inner {
            limit,
            held: Mutex::new(0),
            freed: Condvar::new(),
        }))
    }

    /// Waits until there is room for so many bytes, or nothing else is held.
    pub(super) fn hold(&self, bytes: usize) -> Held {
        let lock = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |held: &mut usize| *held > 0 && *held + bytes > self.0.limit;
        let lock = self.0.freed.wait_while(lock, is_full);
        *lock.unwrap_or_else(PoisonError::into_inner) += bytes;
        Held {
            budget: self.clone(),
            bytes,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let inner = &self.budget.0;
        *inner.held.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        inner.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_the_budget_is_held_alone() {
        let budget = Budget::new(10);
        let small = budget.hold(4);
        let other = budget.clone();
        let large = std::thread::spawn(move || other.hold(100));
        assert!(!large.is_finished());
        drop(small);
        drop(large.join().unwrap());
        drop((budget.hold(5), budget.hold(5)));
    }
}
