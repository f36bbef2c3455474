//! `ManySearch`: breadth-first searches from many entities at once.

use std::sync::Arc;

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result};

use super::hop_lists::HopLists;
use crate::operators::expand::node_numbers::NodeNumbers;

/// Searches that go on together.
pub(super) const TOGETHER: usize = u64::BITS as usize;

/// Searches from up to 64 entities, each of which has a bit: an entity's list is read once a level for all searches that have
/// reached it by then.
///
/// ```text
/// level 1     b: 0011  c: 0001          searches 0 and 1 have reached b, search 0 has reached c
/// level 2     d: 0011 | 0001 = 0011     b and c both lead to d
/// ```
///
/// Then et al., "The More the Merrier: Efficient Multi-Source Graph Traversal", 2014.
#[derive(Debug)]
pub(super) struct ManySearch {
    lists: HopLists,
    ends: Wave,
    /// For each way, and each of its steps but the last one.
    between: Vec<Vec<Wave>>,
    /// The entities of the last level.
    level: Vec<u64>,
    reserved: MemoryReservation,
}

impl ManySearch {
    pub(super) fn new(lists: HopLists, memory: Arc<dyn MemoryManager>) -> Self {
        let inner = |steps: usize| (1..steps).map(|_| Wave::default()).collect();
        let between = lists.ways.iter().map(|way| inner(way.steps.len()));
        Self {
            between: between.collect(),
            lists,
            ends: Wave::default(),
            level: Vec::new(),
            reserved: MemoryReservation::empty(memory),
        }
    }

    /// Forgets the searches before and starts at different entities, at most [`TOGETHER`], which are met again where `returns`.
    pub(super) fn begin(&mut self, starts: impl Iterator<Item = u64>, returns: bool) {
        self.ends.clear();
        self.between.iter_mut().flatten().for_each(Wave::clear);
        self.level.clear();
        for (search, start) in starts.enumerate() {
            let slot = self.ends.slot(start);
            let reached = &mut self.ends.reached[slot];
            reached.last = 1 << search;
            reached.all = if returns { 0 } else { 1 << search };
            self.level.push(start);
        }
    }

    /// How many entities the last level has.
    pub(super) fn reached(&self) -> usize {
        self.level.len()
    }

    /// An entity of the last level, and the searches that reached it first there.
    pub(super) fn entity(&self, place: usize) -> (u64, u64) {
        let entity = self.level[place];
        (entity, self.ends.last(entity))
    }

    /// Goes one level on.
    ///
    /// # Errors
    /// `Cancelled`; `ResourceExhausted` past the memory limit; those of storage.
    pub(super) async fn grow(&mut self) -> Result<()> {
        let mut touched = Vec::new();
        for (way, between) in self.between.iter_mut().enumerate() {
            let tables = self.lists.ways[way].from.as_ref();
            let leads_on = |id: &u64| {
                let table = EntityId::from_raw(*id).table();
                tables.is_none_or(|tables| tables.contains(&table))
            };
            let mut from: Vec<u64> = self.level.iter().copied().filter(leads_on).collect();
            for step in 0..between.len() {
                let (before, own) = between.split_at_mut(step);
                let mut reached = Vec::new();
                let (source, own) = (before.last(), &mut own[0]);
                let mut last = (u64::MAX, 0);
                let mut visit = |from: u64, to: u64| {
                    if last.0 != from {
                        last = (from, source.unwrap_or(&self.ends).last(from));
                    }
                    own.add(to, last.1, &mut reached);
                };
                self.lists.follow((way, step), &from, &mut visit).await?;
                own.settle(&mut reached);
                from = reached;
            }
            let step = (way, between.len());
            let (mut added, mut last) = (Vec::new(), (u64::MAX, 0));
            let ends = &mut self.ends;
            let source = between.last();
            let mut visit = |from: u64, to: u64| {
                if last.0 != from {
                    last = (
                        from,
                        source.map_or_else(|| ends.last(from), |own| own.last(from)),
                    );
                }
                ends.add(to, last.1, &mut added);
            };
            self.lists.follow(step, &from, &mut visit).await?;
            touched.append(&mut added);
        }
        for entity in &self.level {
            self.ends.leave(*entity);
        }
        self.ends.settle(&mut touched);
        self.level = touched;
        self.reserve()
    }

    fn reserve(&mut self) -> Result<()> {
        let between = self.between.iter().flatten().map(Wave::bytes);
        let held = self.ends.bytes() + between.sum::<usize>();
        if held > self.reserved.bytes() {
            self.reserved.try_grow(held - self.reserved.bytes())?;
        }
        Ok(())
    }
}

/// The searches that have reached each entity at one place of a hop.
#[derive(Debug, Default)]
struct Wave {
    /// One more than the slot of an entity.
    numbers: NodeNumbers,
    entities: Vec<u64>,
    reached: Vec<Reached>,
}

/// Searches, by their bits.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    /// That have reached the entity.
    all: u64,
    /// That have reached it first at the last level.
    last: u64,
    /// That reach it at the level that is looked at.
    next: u64,
}

impl Wave {
    fn clear(&mut self) {
        self.numbers.clear(&self.entities);
        self.entities.clear();
        self.reached.clear();
    }

    fn slot(&mut self, entity: u64) -> usize {
        match self.numbers.get(entity) {
            0 => {
                self.entities.push(entity);
                self.reached.push(Reached::default());
                self.numbers.set(entity, self.reached.len() as u32);
                self.reached.len() - 1
            }
            number => number as usize - 1,
        }
    }

    /// The searches that have reached an entity first at the last level.
    fn last(&self, entity: u64) -> u64 {
        match self.numbers.get(entity) {
            0 => 0,
            number => self.reached[number as usize - 1].last,
        }
    }

    /// Lets `searches` reach an entity, which is put to `touched` where it is new to one of them at this level.
    fn add(&mut self, entity: u64, searches: u64, touched: &mut Vec<u64>) {
        let slot = self.slot(entity);
        let own = &mut self.reached[slot];
        let fresh = searches & !own.all;
        if fresh & !own.next != 0 {
            if own.next == 0 {
                touched.push(entity);
            }
            own.next |= fresh;
        }
    }

    fn leave(&mut self, entity: u64) {
        let slot = self.slot(entity);
        self.reached[slot].last = 0;
    }

    /// Makes what was reached the last level. Entities whose lists stand together follow each other.
    fn settle(&mut self, touched: &mut Vec<u64>) {
        touched.sort_unstable();
        for entity in &*touched {
            let slot = self.slot(*entity);
            let own = &mut self.reached[slot];
            own.all |= own.next;
            own.last = std::mem::take(&mut own.next);
        }
    }

    fn bytes(&self) -> usize {
        self.numbers.bytes()
            + self.entities.capacity() * size_of::<u64>()
            + self.reached.capacity() * size_of::<Reached>()
    }
}
