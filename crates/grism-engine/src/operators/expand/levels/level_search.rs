//! `LevelSearch`: the entities that a breadth-first search from one entity has reached, level by level.

use std::ops::Range;
use std::sync::Arc;

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result, Tables};

use super::hop_lists::HopLists;
use crate::operators::expand::node_numbers::NodeNumbers;

/// A search that is kept for the rows that follow, since they may start from the same entity.
///
/// ```text
/// reached   a │ b c │ d e f          levels, each a range of places
/// between     │ t u │ v              what lies between two ends of a hop of several steps: each is gone through once
/// ```
#[derive(Debug)]
pub(super) struct LevelSearch {
    lists: HopLists,
    start: Option<u64>,
    reached: Vec<u64>,
    /// Where each level ends.
    ends: Vec<usize>,
    /// Of each entity that was reached, one more than its level.
    levels: NodeNumbers,
    /// For each way, and each of its steps but the last one.
    between: Vec<Vec<Between>>,
    reserved: MemoryReservation,
}

/// The entities between two steps of a way.
#[derive(Debug, Default)]
struct Between {
    reached: Vec<u64>,
    numbers: NodeNumbers,
}

impl LevelSearch {
    pub(super) fn new(lists: HopLists, memory: Arc<dyn MemoryManager>) -> Self {
        let inner = |steps: usize| (1..steps).map(|_| Between::default()).collect();
        let between = lists.ways.iter().map(|way| inner(way.steps.len()));
        Self {
            between: between.collect(),
            lists,
            start: None,
            reached: Vec::new(),
            ends: Vec::new(),
            levels: NodeNumbers::default(),
            reserved: MemoryReservation::empty(memory),
        }
    }

    /// Whether the search is one from `start`.
    pub(super) fn is_from(&self, start: u64) -> bool {
        self.start == Some(start)
    }

    /// Forgets the search before and starts at `start`, which is met again where `returns`.
    pub(super) fn begin(&mut self, start: u64, returns: bool) {
        self.levels.clear(&self.reached);
        for between in self.between.iter_mut().flatten() {
            between.numbers.clear(&between.reached);
            between.reached.clear();
        }
        self.reached.clear();
        self.reached.push(start);
        if !returns {
            self.levels.set(start, 1);
        }
        self.ends.clear();
        self.ends.push(1);
        self.start = Some(start);
    }

    /// The entities of a level; none of a level that the search has not come to.
    pub(super) fn level(&self, depth: u64) -> &[u64] {
        &self.reached[self.places(depth as usize)]
    }

    /// The number of the last level that was looked at.
    pub(super) fn last(&self) -> u64 {
        self.ends.len().saturating_sub(1) as u64
    }

    /// The level of an entity; `None` where it was not reached.
    pub(super) fn level_of(&self, entity: u64) -> Option<u64> {
        u64::from(self.levels.get(entity)).checked_sub(1)
    }

    /// Looks at one more level.
    ///
    /// # Errors
    /// `Cancelled`; `ResourceExhausted` past the memory limit; those of storage.
    pub(super) async fn grow(&mut self) -> Result<()> {
        let last = self.places(self.ends.len() - 1);
        let number = self.ends.len() as u32 + 1;
        let mut next = Vec::new();
        for (way, between) in self.between.iter_mut().enumerate() {
            let last_step = between.len();
            let mut from = of_tables(
                &self.reached[last.clone()],
                self.lists.ways[way].from.as_ref(),
            );
            for (step, own) in between.iter_mut().enumerate() {
                let mut reached = Vec::new();
                let mut visit = |_: u64, to: u64| {
                    if own.numbers.put_first(to, 1) {
                        reached.push(to);
                    }
                };
                self.lists.follow((way, step), &from, &mut visit).await?;
                reached.sort_unstable();
                own.reached.extend_from_slice(&reached);
                from = reached;
            }
            let mut visit = |_: u64, to: u64| {
                if self.levels.put_first(to, number) {
                    next.push(to);
                }
            };
            let last_step = (way, last_step);
            self.lists.follow(last_step, &from, &mut visit).await?;
        }
        // Entities whose lists stand together follow each other.
        next.sort_unstable();
        self.reached.append(&mut next);
        self.ends.push(self.reached.len());
        self.reserve()
    }

    fn places(&self, depth: usize) -> Range<usize> {
        let start = match depth {
            0 => 0,
            depth => self.ends.get(depth - 1).copied().unwrap_or_default(),
        };
        start..self.ends.get(depth).copied().unwrap_or(start)
    }

    fn reserve(&mut self) -> Result<()> {
        let of = |reached: &Vec<u64>, numbers: &NodeNumbers| {
            numbers.bytes() + reached.capacity() * size_of::<u64>()
        };
        let between = self.between.iter().flatten();
        let between = between.map(|own| of(&own.reached, &own.numbers));
        let held = of(&self.reached, &self.levels) + between.sum::<usize>();
        if held > self.reserved.bytes() {
            self.reserved.try_grow(held - self.reserved.bytes())?;
        }
        Ok(())
    }
}

/// The entities that come from one of `tables`.
fn of_tables(entities: &[u64], tables: Option<&Tables>) -> Vec<u64> {
    let Some(tables) = tables else {
        return entities.to_vec();
    };
    let own = entities.iter().copied();
    own.filter(|id| tables.contains(&EntityId::from_raw(*id).table()))
        .collect()
}
