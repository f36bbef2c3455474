//! Entities send their weights to their neighbours: to hyperedges, whose members are listed by member only, and where few
//! entities have a weight.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use grism_core::Result;
use grism_logical::WeightedBranch;

use super::chunk::Chunk;
use super::lists::Side;
use super::marks::Marks;
use super::parallel::in_parallel;
use super::pass::Pass;
use super::weights::{Sums, TableWeights, Weights, add, at};

impl Pass {
    /// `weights` times the sums of what the entities `below` send by `branch`.
    pub(super) async fn push(
        &self,
        weights: &Arc<Weights>,
        branch: &WeightedBranch,
        below: Arc<Weights>,
    ) -> Result<Weights> {
        let sizes = self.sizes(weights);
        let sums = Arc::new(Sums::try_new(&sizes, self.memory())?);
        let lists = self.lists(&branch.steps, Side::Far);
        let is_one = branch.steps.len() == 1;
        for (table, _) in below.tables() {
            for segments in self.windows(*table) {
                let chunks = self.load(&lists, *table, segments).await?;
                let (sizes, memory) = (sizes.clone(), self.memory());
                let marks = move || match is_one {
                    true => Ok(None),
                    false => Marks::try_new(&sizes, Arc::clone(&memory)).map(Some),
                };
                let (below, sums, table) = (Arc::clone(&below), Arc::clone(&sums), *table);
                let work = move |marks: &mut Option<Marks>, chunk: &Chunk| {
                    let weight = |local: usize| below.in_table(table, chunk.offset(local));
                    match marks {
                        None => send(chunk, weight, &sums),
                        Some(marks) => {
                            for local in chunk.start..chunk.end {
                                let weight = weight(local);
                                if weight > 0 {
                                    let member = chunk.member(local);
                                    marks.each(&chunk.steps, local, member, |id, ways| {
                                        sums.add(id, ways.saturating_mul(weight));
                                    });
                                }
                            }
                        }
                    }
                    Ok(())
                };
                in_parallel(&self.context, chunks, marks, work).await?;
            }
        }
        self.product(weights, &sums)
    }

    fn product(&self, weights: &Weights, sums: &Sums) -> Result<Weights> {
        let mut product = Weights::none(self.memory());
        for (table, own) in weights.tables() {
            let Some(sums) = sums.table(*table) else {
                continue;
            };
            let whole = product.put_zeros(*table, sums.len() as u64)?;
            for (offset, (whole, sum)) in whole.iter_mut().zip(sums).enumerate() {
                let sum = sum.load(Ordering::Relaxed);
                *whole = match own {
                    TableWeights::One => sum,
                    TableWeights::Each(own) => sum.saturating_mul(at(own, offset as u64)),
                };
            }
        }
        Ok(product)
    }
}

/// Adds the weight of each member to the sums of its neighbours by one step.
fn send(chunk: &Chunk, weight: impl Fn(usize) -> u64, sums: &Sums) {
    for list in chunk.steps.iter().flatten() {
        let lists = list.lists(chunk.start..chunk.end);
        let Some((table, lower)) = list.plain() else {
            for (local, places) in lists {
                let weight = weight(local);
                if weight > 0 {
                    list.each_at(places, chunk.member(local), |id, times| {
                        sums.add(id, times.saturating_mul(weight));
                    });
                }
            }
            continue;
        };
        // All neighbours are of one table.
        let Some(sums) = sums.table(table) else {
            continue;
        };
        for (local, places) in lists {
            let weight = weight(local);
            if weight > 0 {
                for own in &lower[places] {
                    add(sums, u64::from(*own), weight);
                }
            }
        }
    }
}
