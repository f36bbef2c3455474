//! DataFusion's view of our memory manager.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion_common::{DataFusionError, Result};
use datafusion_execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use grism_core::Meter;

use crate::MemoryManager;

/// Passes every request on to the manager, and tells the meters of the operators that ask.
#[derive(Debug)]
pub(super) struct ManagedPool {
    manager: Arc<dyn MemoryManager>,
    /// The meters of the operators behind consumers, by the numbers of these.
    meters: Mutex<HashMap<usize, Arc<Meter>>>,
}

impl ManagedPool {
    pub(super) fn new(manager: Arc<dyn MemoryManager>) -> Self {
        Self {
            manager,
            meters: Mutex::default(),
        }
    }

    /// Tells the meter of the operator that holds `reservation`.
    fn tell(&self, reservation: &MemoryReservation, change: impl FnOnce(&Meter)) {
        let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = meters.get(&reservation.consumer().id()) {
            change(meter);
        }
    }
}

impl fmt::Display for ManagedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grism({})", self.manager.limit())
    }
}

impl MemoryPool for ManagedPool {
    fn name(&self) -> &str {
        "grism"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if let Some(meter) = Meter::active() {
            let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
            meters.insert(consumer.id(), meter);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.remove(&consumer.id());
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.manager.grow(additional);
        self.tell(reservation, |meter| meter.reserved(additional));
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.manager.shrink(shrink);
        self.tell(reservation, |meter| meter.released(shrink));
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        // An aggregate spills only on this very variant, unwrapped.
        let grown = self.manager.try_grow(additional);
        if grown.is_ok() {
            self.tell(reservation, |meter| meter.reserved(additional));
        }
        grown.map_err(|error| {
            DataFusionError::ResourcesExhausted(format!(
                "{}: {}",
                reservation.consumer().name(),
                error.message()
            ))
        })
    }

    fn reserved(&self) -> usize {
        self.manager.current_usage()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.manager.limit())
    }
}
