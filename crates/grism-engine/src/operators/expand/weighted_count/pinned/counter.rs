//! `Counter`: what one thread counts a pattern with, whatever the numbers of ways.

use std::sync::Arc;

use grism_core::{CancellationHandle, Error, MemoryManager, Result};

use super::forest::Forest;
use super::typed_counter::{Stop, TypedCounter};

/// Counts with narrow numbers, and with wide ones for an entity whose numbers do not fit.
pub(super) struct Counter {
    narrow: TypedCounter<u32>,
    wide: Option<TypedCounter<u64>>,
    /// Entities at the root and their ways, for one entity of the first pin.
    counted: Vec<(u32, u64)>,
    forest: Arc<Forest>,
    cancellation: CancellationHandle,
    memory: Arc<dyn MemoryManager>,
}

impl Counter {
    /// A counter for `forest`, which has counted nothing yet.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn try_new(
        forest: Arc<Forest>,
        cancellation: CancellationHandle,
        memory: Arc<dyn MemoryManager>,
    ) -> Result<Self> {
        Ok(Self {
            narrow: TypedCounter::try_new(
                Arc::clone(&forest),
                cancellation.clone(),
                Arc::clone(&memory),
            )?,
            wide: None,
            counted: Vec::new(),
            forest,
            cancellation,
            memory,
        })
    }

    /// Counts for an entity of the first pin: calls `found` with each entity at the root that has any ways, perhaps several
    /// times, and how many.
    ///
    /// # Errors
    /// Those of `found`; `Cancelled`; `ResourceExhausted`.
    pub(super) fn pin(
        &mut self,
        entity: u32,
        mut found: impl FnMut(u32, u64) -> Result<()>,
    ) -> Result<()> {
        let ways = self.forest.places[0].own(entity);
        if ways == 0 {
            return Ok(());
        }
        // Nothing is given on before all numbers of the entity fit.
        let counted = &mut self.counted;
        counted.clear();
        let outcome = self.narrow.count(entity, ways, &mut |root, ways| {
            counted.push((root, ways));
            Ok(())
        });
        match outcome {
            Ok(()) => {
                let mut counted = self.counted.iter();
                return counted.try_for_each(|(root, ways)| found(*root, *ways));
            }
            Err(Stop::TooLarge) => {}
            Err(Stop::Error(error)) => return Err(error),
        }
        let wide = match &mut self.wide {
            Some(wide) => wide,
            None => self.wide.insert(TypedCounter::try_new(
                Arc::clone(&self.forest),
                self.cancellation.clone(),
                Arc::clone(&self.memory),
            )?),
        };
        match wide.count(entity, ways, &mut found) {
            Ok(()) => Ok(()),
            Err(Stop::TooLarge) => Err(Error::internal("a number that may be any does not fit")),
            Err(Stop::Error(error)) => Err(error),
        }
    }
}
