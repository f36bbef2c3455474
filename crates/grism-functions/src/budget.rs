//! The memory and the end of one evaluation: what large values take is reserved before they are built and given back when the
//! evaluation ends, which it does where its query has to stop.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::DataType;
use grism_core::{CancellationHandle, Error, ErrorKind, MemoryManager, Result};

use crate::{Operand, mean_bytes};

/// Smaller values are not counted one by one.
const LEAST_COUNTED: usize = 64 << 10;
/// What is larger is asked of the system before it is counted on: an allocation that fails ends the process.
const LEAST_PROBED: usize = 32 << 20;

/// What the system must have left at least for an evaluation to go on.
const HEADROOM: usize = 256 << 20;

/// What an evaluation holds of the process's memory, and what stops it.
#[derive(Debug)]
pub struct Budget {
    manager: Option<Arc<dyn MemoryManager>>,
    cancellation: Option<CancellationHandle>,
    held: Cell<usize>,
    /// Bytes reserved since the system was asked last.
    unprobed: Cell<usize>,
}

thread_local! {
    /// The budget of the evaluation that runs on this thread. An expression of DataFusion hands its batch on and nothing else, so
    /// that what is evaluated below it finds the budget here.
    static CURRENT: RefCell<Option<Rc<Budget>>> = const { RefCell::new(None) };
}

/// Puts back the budget of the evaluation around another one, also where that panics.
struct Around(Option<Rc<Budget>>);

impl Drop for Around {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl Budget {
    /// What `compute` gives, which finds a new budget of `manager` as the current one, and stops with `cancellation`. What it
    /// reserves is given back at its end.
    pub fn within<T>(
        manager: Option<Arc<dyn MemoryManager>>,
        cancellation: Option<CancellationHandle>,
        compute: impl FnOnce() -> T,
    ) -> T {
        let mut budget = Self::new(manager);
        budget.cancellation = cancellation;
        let _around = Around(CURRENT.replace(Some(Rc::new(budget))));
        compute()
    }

    /// Fails where the evaluation that runs on this thread has to stop: for every step of what may take long over one batch.
    ///
    /// # Errors
    /// `Cancelled`.
    pub fn check_current() -> Result<()> {
        CURRENT.with_borrow(|current| {
            let cancellation = current.as_ref().and_then(|own| own.cancellation.as_ref());
            cancellation.map_or(Ok(()), CancellationHandle::check)
        })
    }

    /// The budget of the evaluation that runs on this thread; outside of any, one that counts nothing.
    #[must_use]
    pub fn current() -> Rc<Self> {
        let current = CURRENT.with_borrow(Clone::clone);
        current.unwrap_or_else(|| Rc::new(Self::new(None)))
    }

    /// Of `manager`; `None` counts nothing.
    pub fn new(manager: Option<Arc<dyn MemoryManager>>) -> Self {
        Self {
            manager,
            cancellation: None,
            held: Cell::new(0),
            unprobed: Cell::new(0),
        }
    }

    /// Reserves `bytes` for what is about to be built.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit, and where the system has no more.
    pub fn reserve(&self, bytes: usize) -> Result<()> {
        if bytes < LEAST_COUNTED {
            return Ok(());
        }
        self.unprobed.set(self.unprobed.get().saturating_add(bytes));
        if self.unprobed.get() >= LEAST_PROBED {
            // What is built takes more than its bytes while it grows.
            let mut probe: Vec<u8> = Vec::new();
            probe
                .try_reserve_exact(bytes.saturating_mul(2).max(HEADROOM))
                .map_err(|_| {
                    Error::new(
                        ErrorKind::ResourceExhausted,
                        format!("the system has no {bytes} more bytes for a value"),
                    )
                })?;
            self.unprobed.set(0);
        }
        if let Some(manager) = &self.manager {
            manager.try_grow(bytes)?;
            self.held.set(self.held.get() + bytes);
        }
        Ok(())
    }

    /// What `compute` gives, which reads large operands as values one by one.
    ///
    /// # Errors
    /// `ResourceExhausted` where the values do not fit, and the errors of `compute`.
    pub fn while_read<T>(
        &self,
        operands: &[&Operand],
        compute: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mark = self.mark();
        let bytes = operands.iter().map(|operand| read_bytes(operand.array()));
        self.reserve(bytes.fold(0, usize::saturating_add))?;
        let found = compute();
        self.release_to(mark, 0);
        found
    }

    /// Bytes held, to be passed to [`Self::release_to`].
    pub fn mark(&self) -> usize {
        self.held.get()
    }

    /// Gives back what was reserved since `mark`, except `kept` bytes.
    pub fn release_to(&self, mark: usize, kept: usize) {
        let held = self.held.get();
        let wanted = (mark + kept).min(held);
        if let Some(manager) = &self.manager {
            manager.shrink(held - wanted);
        }
        self.held.set(wanted);
    }
}

/// About how many bytes the values of a column take where each is read by itself. A list within a dynamically typed value
/// is two bytes at least, and a vector with room for four values where it is read.
fn read_bytes(values: &dyn Array) -> usize {
    let expands = match values.data_type() {
        DataType::LargeBinary => 16,
        DataType::List(_) | DataType::Struct(_) => 4,
        _ => 1,
    };
    let bytes = values.len().saturating_mul(mean_bytes(values));
    bytes.saturating_mul(expands)
}

impl Drop for Budget {
    fn drop(&mut self) {
        if let Some(manager) = &self.manager {
            manager.shrink(self.held.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use grism_core::PoolMemoryManager;

    use super::*;

    #[test]
    fn what_is_reserved_is_given_back_at_the_end() {
        let pool: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(1 << 20));
        let budget = Budget::new(Some(Arc::clone(&pool)));
        budget.reserve(1 << 19).unwrap();
        let mark = budget.mark();
        budget.reserve(1 << 18).unwrap();
        let error = budget.reserve(1 << 20).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
        budget.release_to(mark, 1 << 17);
        assert_eq!(pool.current_usage(), (1 << 19) + (1 << 17));
        drop(budget);
        assert_eq!(pool.current_usage(), 0);
    }

    #[test]
    fn an_evaluation_stops_with_its_query_and_no_other_does() {
        let query = CancellationHandle::default();
        let check = || Budget::within(None, Some(query.clone()), Budget::check_current);
        check().unwrap();
        query.cancel();
        assert_eq!(check().unwrap_err().kind(), ErrorKind::Cancelled);
        Budget::check_current().unwrap();
    }

    #[test]
    fn what_the_system_does_not_have_is_refused() {
        let error = Budget::new(None)
            .reserve(isize::MAX as usize / 4)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    }
}
