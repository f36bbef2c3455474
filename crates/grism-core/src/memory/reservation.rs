//! `MemoryReservation`: bytes of a manager that are given back when it is dropped.

use std::sync::Arc;

use super::MemoryManager;
use crate::Result;

/// Bytes held until dropped.
#[derive(Debug)]
pub struct MemoryReservation {
    manager: Arc<dyn MemoryManager>,
    bytes: usize,
}

impl MemoryReservation {
    /// Reserves nothing yet of `manager`.
    #[must_use]
    pub fn empty(manager: Arc<dyn MemoryManager>) -> Self {
        Self { manager, bytes: 0 }
    }

    /// Reserves `bytes` of `manager`.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit.
    pub fn try_new(manager: Arc<dyn MemoryManager>, bytes: usize) -> Result<Self> {
        manager.try_grow(bytes)?;
        Ok(Self { manager, bytes })
    }

    /// Reserves `bytes` more.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit; then the reservation is as before.
    pub fn try_grow(&mut self, bytes: usize) -> Result<()> {
        self.manager.try_grow(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Holds `bytes` in all from now on, past the limit if need be.
    pub fn resize(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.manager.grow(more),
            None => self.manager.shrink(self.bytes - bytes),
        }
        self.bytes = bytes;
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
    }
}
