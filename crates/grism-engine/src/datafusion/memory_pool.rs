//! DataFusion's view of our memory manager.

use std::fmt;
use std::sync::Arc;

use datafusion_common::{DataFusionError, Result};
use datafusion_execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};

use crate::MemoryManager;

/// Passes every request on to the manager.
#[derive(Debug)]
pub(super) struct ManagedPool(pub(super) Arc<dyn MemoryManager>);

impl fmt::Display for ManagedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grism({})", self.0.limit())
    }
}

impl MemoryPool for ManagedPool {
    fn name(&self) -> &str {
        "grism"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        self.0.grow(additional);
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        self.0.shrink(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        // An aggregate spills only on this very variant, unwrapped.
        self.0.try_grow(additional).map_err(|error| {
            DataFusionError::ResourcesExhausted(format!(
                "{}: {}",
                reservation.consumer().name(),
                error.message()
            ))
        })
    }

    fn reserved(&self) -> usize {
        self.0.current_usage()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.0.limit())
    }
}
