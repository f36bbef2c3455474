//! Entities fetch the weights of their neighbours.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::WeightedBranch;

use super::marks::Marks;
use super::pass::Pass;
use super::weights::Weights;

impl Pass {
    /// `weights` times the sums of the weights `below` of the neighbours by `branch`.
    pub(super) async fn pull(
        &self,
        weights: Weights,
        branch: &WeightedBranch,
        below: Arc<Weights>,
    ) -> Result<Weights> {
        let weights = Arc::new(weights);
        if branch.steps.len() == 1 {
            let factor = move |(): &mut (), chunk: &super::pass::Chunk, local: usize| {
                let member = chunk.member(local);
                let lists = chunk.steps.iter().flatten();
                lists.fold(0, |sum: u64, list| {
                    sum.saturating_add(list.sum(&list.summed(&below), local, member))
                })
            };
            return self
                .by_chunks(&weights, &branch.steps, || Ok(()), factor)
                .await;
        }
        let (sizes, memory) = (self.sizes(&below), self.memory());
        let marks = move || Marks::try_new(&sizes, Arc::clone(&memory));
        let factor = move |marks: &mut Marks, chunk: &super::pass::Chunk, local: usize| {
            let mut sum = 0_u64;
            marks.each(&chunk.steps, local, chunk.member(local), |id, ways| {
                sum = sum.saturating_add(ways.saturating_mul(below.of(id)));
            });
            sum
        };
        self.by_chunks(&weights, &branch.steps, marks, factor).await
    }
}
