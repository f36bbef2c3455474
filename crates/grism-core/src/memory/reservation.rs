//! `MemoryReservation`: bytes of a manager that are given back when it is dropped.

use std::sync::Arc;

use super::MemoryManager;
use crate::{Meter, Result};

/// Bytes held until dropped.
#[derive(Debug)]
pub struct MemoryReservation {
    manager: Arc<dyn MemoryManager>,
    bytes: usize,
    /// Of the operator that the bytes are for.
    meter: Option<Arc<Meter>>,
}

impl MemoryReservation {
    /// Reserves nothing yet of `manager`. What it will reserve is counted by the meter that is active now.
    #[must_use]
    pub fn empty(manager: Arc<dyn MemoryManager>) -> Self {
        Self {
            manager,
            bytes: 0,
            meter: Meter::active(),
        }
    }

    /// Reserves `bytes` of `manager`, which the active meter counts.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit.
    pub fn try_new(manager: Arc<dyn MemoryManager>, bytes: usize) -> Result<Self> {
        let mut reserved = Self::empty(manager);
        reserved.try_grow(bytes)?;
        Ok(reserved)
    }

    /// Reserves `bytes` of `manager` for what outlives the operator that runs, such as an entry of a cache: no meter counts it.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit.
    pub fn try_new_unmetered(manager: Arc<dyn MemoryManager>, bytes: usize) -> Result<Self> {
        manager.try_grow(bytes)?;
        Ok(Self {
            manager,
            bytes,
            meter: None,
        })
    }

    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit; then the reservation is as before.
    pub fn try_grow(&mut self, bytes: usize) -> Result<()> {
        self.manager.try_grow(bytes)?;
        self.grown(bytes);
        Ok(())
    }

    /// Holds `bytes` in all from now on, past the limit if need be.
    pub fn resize(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => {
                self.manager.grow(more);
                self.grown(more);
            }
            None => self.shrunk(self.bytes - bytes),
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn grown(&mut self, bytes: usize) {
        self.bytes += bytes;
        if let Some(meter) = &self.meter {
            meter.reserved(bytes);
        }
    }

    fn shrunk(&mut self, bytes: usize) {
        self.manager.shrink(bytes);
        self.bytes -= bytes;
        if let Some(meter) = &self.meter {
            meter.released(bytes);
        }
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.shrunk(self.bytes);
    }
}
