//! The pass from the leaves of a pattern to its root.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use grism_core::{EntityId, Error, MemoryManager, Result, SegmentKey, Snapshot, TableId};
use grism_logical::{WeightedBranch, WeightedHop, WeightedPlace, WeightedShape, WeightedStep};

use super::lists::{LoadedList, RoleList, Side, role_lists};
use super::parallel::in_parallel;
use super::shared::{Factor, SharedFactors};
use super::weights::{TableWeights, Weights, at};
use crate::ExecutionContextTrait;

/// Members whose lists are one piece of work.
const CHUNK: usize = 1 << 12;

/// What weights are computed in.
pub(super) struct Pass {
    pub(super) context: Arc<dyn ExecutionContextTrait>,
    pub(super) snapshot: Arc<dyn Snapshot>,
    /// By the number of the input: the entities or edges that pass.
    pub(super) conditions: Vec<Arc<Weights>>,
    /// What several terms have in common.
    pub(super) shared: SharedFactors,
}

/// Members of one segment that follow each other, and their lists by step.
pub(super) struct Chunk {
    /// The raw id of the first member of the segment.
    first: u64,
    /// The first member, counted from the first one of the segment, and the one behind the last.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) steps: Arc<Vec<Vec<LoadedList>>>,
}

impl Chunk {
    /// The raw id of a member.
    pub(super) fn member(&self, local: usize) -> u64 {
        self.first + local as u64
    }

    /// Its offset within its table.
    pub(super) fn offset(&self, local: usize) -> u64 {
        EntityId::from_raw(self.member(local)).offset()
    }

    /// Multiplies the weight of each member that has one by what `factor` makes of its place in the segment and its raw id.
    pub(super) fn multiply(&self, weights: &mut [u64], mut factor: impl FnMut(usize, u64) -> u64) {
        for (local, own) in (self.start..self.end).zip(weights) {
            if *own > 0 {
                *own = own.saturating_mul(factor(local, self.member(local)));
            }
        }
    }
}

impl Pass {
    /// How many ways there are to bind a pattern with each entity at its root.
    pub(super) async fn weigh_term(&mut self, shape: &WeightedShape) -> Result<Weights> {
        match shape {
            WeightedShape::Tree(root) => self.weigh(root).await,
            WeightedShape::Cycles(pattern) => self.weigh_cycles(pattern).await,
        }
    }

    /// How many ways there are to bind each entity at `place` with what lies below.
    pub(super) fn weigh<'a>(
        &'a mut self,
        place: &'a WeightedPlace,
    ) -> BoxFuture<'a, Result<Weights>> {
        async move {
            let mut weights = Arc::new(self.passing(place)?);
            for factor in Factor::of(place) {
                weights = Arc::new(match self.shared.uses(place, factor) {
                    0 | 1 => self.times(&weights, factor).await?,
                    _ => {
                        let sums = self.shared_sums(place, factor).await?;
                        weights.times(&sums, self.memory())?
                    }
                });
            }
            Arc::try_unwrap(weights).map_err(|_| Error::internal("weights are used elsewhere"))
        }
        .boxed()
    }

    /// The factor of every entity of a place's tables, which other terms have too.
    async fn shared_sums(
        &mut self,
        place: &WeightedPlace,
        factor: Factor<'_>,
    ) -> Result<Arc<Weights>> {
        if let Some(known) = self.shared.take(place, factor) {
            return Ok(known);
        }
        let mut all = Weights::none(self.memory());
        place.tables.iter().for_each(|table| all.put_one(*table));
        let sums = Arc::new(self.times(&Arc::new(all), factor).await?);
        self.shared.put(place, factor, &sums);
        Ok(sums)
    }

    async fn times(&mut self, weights: &Arc<Weights>, factor: Factor<'_>) -> Result<Weights> {
        match factor {
            Factor::Loops(step) => self.times_loops(weights, step).await,
            Factor::Branch(branch) => {
                let below = Arc::new(self.weigh(&branch.place).await?);
                self.times_branch(weights, branch, below).await
            }
        }
    }

    pub(super) fn memory(&self) -> Arc<dyn MemoryManager> {
        self.context.memory_manager()
    }

    /// The offsets that a table has given out.
    pub(super) fn entities(&self, table: TableId) -> u64 {
        let statistics = self.snapshot.statistics();
        let own = statistics.tables.get(&table);
        own.map_or(0, |own| own.next_offset)
    }

    /// The tables of some weights, with the offsets that each has given out.
    pub(super) fn sizes(&self, weights: &Weights) -> Vec<(TableId, u64)> {
        let tables = weights.tables().iter();
        tables
            .map(|(table, _)| (*table, self.entities(*table)))
            .collect()
    }

    /// 1 for the entities that pass the conditions of a place.
    fn passing(&self, place: &WeightedPlace) -> Result<Weights> {
        let mut weights = Weights::none(self.memory());
        let conditions = place.inputs.iter();
        let conditions: Vec<&Arc<Weights>> = conditions
            .filter_map(|input| self.conditions.get(*input))
            .collect();
        for table in place.tables.iter() {
            if conditions.is_empty() {
                weights.put_one(*table);
                continue;
            }
            if conditions.iter().any(|own| own.table(*table).is_none()) {
                continue;
            }
            let own = weights.put_zeros(*table, self.entities(*table))?;
            own.fill(1);
            for condition in &conditions {
                if let Some(TableWeights::Each(passing)) = condition.table(*table) {
                    for (own, passing) in own.iter_mut().zip(passing) {
                        *own *= *passing;
                    }
                }
            }
        }
        Ok(weights)
    }

    async fn times_loops(&self, weights: &Arc<Weights>, step: &WeightedStep) -> Result<Weights> {
        let out = WeightedStep {
            hop: WeightedHop::Edges(grism_logical::Direction::Out),
            ..step.clone()
        };
        let loops = |(): &mut (), chunk: &Chunk, weights: &mut [u64]| {
            chunk.multiply(weights, |local, member| {
                let lists = chunk.steps.iter().flatten();
                lists.fold(0, |sum: u64, list| {
                    sum.saturating_add(list.self_loops(local, member))
                })
            });
        };
        self.by_chunks(weights, &[out], || Ok(()), loops).await
    }

    async fn times_branch(
        &self,
        weights: &Arc<Weights>,
        branch: &WeightedBranch,
        below: Arc<Weights>,
    ) -> Result<Weights> {
        let leads_to_members = |step: &WeightedStep| matches!(step.hop, WeightedHop::ToMembers(_));
        let leads_to_hyperedges =
            |step: &WeightedStep| matches!(step.hop, WeightedHop::ToHyperedges(_));
        let must_push = branch.steps.iter().any(leads_to_members);
        let may_push = !branch.steps.iter().any(leads_to_hyperedges);
        // Where few entities below have a weight, only their lists are read.
        if must_push || may_push && below.share() * 3.0 < weights.share() {
            return self.push(weights, branch, below).await;
        }
        self.pull(weights, branch, below).await
    }

    /// The weights of members times what `multiply` makes of those of each chunk; 0 for members without a list.
    pub(super) async fn by_chunks<S: Send + 'static>(
        &self,
        weights: &Arc<Weights>,
        steps: &[WeightedStep],
        state: impl Fn() -> Result<S> + Clone + Send + Sync + 'static,
        multiply: impl Fn(&mut S, &Chunk, &mut [u64]) + Clone + Send + Sync + 'static,
    ) -> Result<Weights> {
        let mut product = Weights::none(self.memory());
        let lists = self.lists(steps, Side::Near);
        for (table, _) in weights.tables() {
            let table = *table;
            let mut whole: Option<&mut Vec<u64>> = None;
            for segments in self.windows(table) {
                let chunks = self.load(&lists, table, segments).await?;
                if chunks.is_empty() {
                    continue;
                }
                let places = chunks.iter().map(|chunk| chunk.offset(chunk.start));
                let places: Vec<usize> = places.map(|offset| offset as usize).collect();
                let (weights, multiply) = (Arc::clone(weights), multiply.clone());
                let work = move |state: &mut S, chunk: &Chunk| {
                    let offsets = (chunk.start..chunk.end).map(|local| chunk.offset(local));
                    let mut products: Vec<u64> = match weights.table(table) {
                        Some(TableWeights::Each(own)) => {
                            offsets.map(|own_at| at(own, own_at)).collect()
                        }
                        Some(TableWeights::One) => vec![1; chunk.end - chunk.start],
                        None => vec![0; chunk.end - chunk.start],
                    };
                    multiply(state, chunk, &mut products);
                    Ok(products)
                };
                let products = in_parallel(&self.context, chunks, state.clone(), work).await?;
                let own = match whole.take() {
                    Some(own) => own,
                    None => product.put_zeros(table, self.entities(table))?,
                };
                for (place, part) in places.into_iter().zip(products) {
                    let end = own.len().min(place + part.len());
                    if let Some(own) = own.get_mut(place..end) {
                        own.copy_from_slice(&part[..end - place]);
                    }
                }
                whole = Some(own);
            }
        }
        Ok(product)
    }

    /// The lists of each step, read from `side`.
    pub(super) fn lists(&self, steps: &[WeightedStep], side: Side) -> Vec<Vec<RoleList>> {
        let steps = steps.iter();
        let lists = steps.map(|step| {
            role_lists(step, side, self.snapshot.as_ref(), &self.conditions).unwrap_or_default()
        });
        lists.collect()
    }

    /// The segments of a table, as many together as there are threads.
    pub(super) fn windows(&self, table: TableId) -> Vec<Vec<u64>> {
        let shift = self.snapshot.segment_shift();
        let segments = self.entities(table).div_ceil(1 << shift);
        let segments: Vec<u64> = (0..segments).collect();
        let threads = self.context.query().config.workers();
        segments.chunks(threads).map(<[u64]>::to_vec).collect()
    }

    /// Chunks of the members of these segments that every step has lists for.
    ///
    /// # Errors
    /// Those of the storage; `Cancelled`.
    pub(super) async fn load(
        &self,
        lists: &[Vec<RoleList>],
        table: TableId,
        segments: Vec<u64>,
    ) -> Result<Vec<Chunk>> {
        self.context.query().cancellation.check()?;
        let shift = self.snapshot.segment_shift();
        let of_segment = |segment: u64| async move {
            let key = SegmentKey { table, segment };
            let snapshot = self.snapshot.as_ref();
            let steps = lists.iter();
            let steps = steps.map(|lists| LoadedList::load(lists, key, snapshot));
            Ok::<_, Error>((segment, try_join_all(steps).await?))
        };
        let loaded = try_join_all(segments.into_iter().map(of_segment)).await?;
        let mut chunks = Vec::new();
        for (segment, steps) in loaded {
            let members = |lists: &Vec<LoadedList>| {
                let members = lists.iter().map(LoadedList::members);
                members.max().unwrap_or(0)
            };
            let members = steps.iter().map(members).min().unwrap_or(0);
            let first = EntityId::new(table, segment << shift).raw();
            let steps = Arc::new(steps);
            chunks.extend((0..members).step_by(CHUNK).map(|start| Chunk {
                first,
                start,
                end: members.min(start + CHUNK),
                steps: Arc::clone(&steps),
            }));
        }
        Ok(chunks)
    }
}
