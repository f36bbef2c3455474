//! Counts of a pattern with cycles: one entity of the first pin after the other, in pieces on all threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use grism_core::{CancellationHandle, MemoryReservation, Result};
use grism_logical::PinnedPattern;

use super::super::parallel::in_parallel;
use super::super::pass::Pass;
use super::super::weights::{Weights, add};
use super::counter::Counter;
use super::forest::{Forest, KnownRows};

/// Entities of the first pin that are one piece of work; few, since some have far more neighbours than others.
const PIECE: u32 = 64;

impl Pass {
    /// How many ways there are to bind `pattern` with each entity at its root.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`.
    pub(in super::super) async fn weigh_cycles(
        &mut self,
        pattern: &PinnedPattern,
    ) -> Result<Weights> {
        let forest = Forest::read(pattern, None, &mut KnownRows::default(), self).await?;
        let forest = Arc::new(forest);
        let root = &forest.places[forest.root].numbering;
        let bytes = root.count() * size_of::<AtomicU64>();
        let sums_memory = MemoryReservation::try_new(self.memory(), bytes)?;
        let sums: Arc<[AtomicU64]> = (0..root.count()).map(|_| AtomicU64::new(0)).collect();
        let state = {
            let forest = Arc::clone(&forest);
            let (memory, cancellation) = (self.memory(), self.cancellation());
            move || {
                let forest = Arc::clone(&forest);
                Counter::try_new(forest, cancellation.clone(), Arc::clone(&memory))
            }
        };
        let work = {
            let sums = Arc::clone(&sums);
            move |counter: &mut Counter, piece: &Range<u32>| {
                for entity in piece.clone() {
                    counter.pin(entity, |root, ways| {
                        add(&sums, u64::from(root), ways);
                        Ok(())
                    })?;
                }
                Ok(())
            }
        };
        in_parallel(&self.context, pieces(&forest), state, work).await?;
        let mut weights = Weights::none(self.memory());
        for (table, first) in root.tables() {
            let own = weights.put_zeros(table, self.entities(table))?;
            for (own, sum) in own.iter_mut().zip(&sums[first..]) {
                *own = sum.load(Ordering::Relaxed);
            }
        }
        drop(sums_memory);
        Ok(weights)
    }

    /// What the query is cancelled by.
    pub(super) fn cancellation(&self) -> CancellationHandle {
        self.context.query().cancellation.clone()
    }
}

/// The entities of the first pin in pieces.
pub(super) fn pieces(forest: &Forest) -> Vec<Range<u32>> {
    let entities = forest.places[0].numbering.count() as u32;
    let starts = (0..entities).step_by(PIECE as usize);
    starts
        .map(|start| start..entities.min(start.saturating_add(PIECE)))
        .collect()
}
