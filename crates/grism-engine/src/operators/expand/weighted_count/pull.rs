//! Entities fetch the weights of their neighbours.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::WeightedBranch;

use super::chunk::Chunk;
use super::lists::LoadedList;
use super::marks::Marks;
use super::pair::{Occurrences, Pair};
use super::pass::Pass;
use super::weights::Weights;

/// What a thread counts several steps between two entities with.
struct Scratch {
    marks: Marks,
    occurrences: Occurrences,
}

impl Pass {
    /// `weights` times the sums of the weights `below` of the neighbours by `branch`.
    pub(super) async fn pull(
        &self,
        weights: &Arc<Weights>,
        branch: &WeightedBranch,
        below: Arc<Weights>,
    ) -> Result<Weights> {
        if branch.steps.len() == 1 {
            let sums = move |(): &mut (), chunk: &Chunk, weights: &mut [u64]| {
                let prepare = |list| LoadedList::summed(list, &below);
                chunk.multiply_by_lists(weights, prepare, LoadedList::sum);
            };
            return self
                .by_chunks(weights, &branch.steps, || Ok(()), sums)
                .await;
        }
        let (sizes, memory) = (self.sizes(&below), self.memory());
        let scratch = move || {
            Ok(Scratch {
                marks: Marks::try_new(&sizes, Arc::clone(&memory))?,
                occurrences: Occurrences::default(),
            })
        };
        let sums = move |scratch: &mut Scratch, chunk: &Chunk, weights: &mut [u64]| {
            if let Some(pair) = Pair::of(&chunk.steps) {
                chunk.multiply(weights, |local, member| {
                    pair.sum(&mut scratch.occurrences, &below, local, member)
                });
                return;
            }
            chunk.multiply(weights, |local, member| {
                let mut sum = 0_u64;
                scratch.marks.each(&chunk.steps, local, member, |id, ways| {
                    sum = sum.saturating_add(ways.saturating_mul(below.of(id)));
                });
                sum
            });
        };
        self.by_chunks(weights, &branch.steps, scratch, sums).await
    }
}
