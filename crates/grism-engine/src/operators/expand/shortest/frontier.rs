//! `Frontier`: the nodes that a breadth-first search has reached, level by level.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{CancellationHandle, MemoryManager, MemoryReservation, Result};
use grism_logical::Direction;

use crate::operators::expand::edge_lists::EdgeLists;
use crate::operators::expand::node_numbers::NodeNumbers;

/// No further way to a node.
pub(super) const NO_WAY: u32 = u32::MAX;

/// A node as the search came upon it first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) node: u64,
    /// The last edge, and the node before it by its place; of the first node its own place.
    pub(super) way: Way,
}

/// How a node is reached from one of the level before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) edge: u64,
    pub(super) parent: u32,
    /// The next way to the same node that is as short; [`NO_WAY`] behind the last one.
    pub(super) next: u32,
}

/// Which ways to a node are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ways {
    One,
    AllShortest,
}

/// A search from one node, in one direction.
///
/// ```text
/// reached   a │ b c │ d e f          levels, each a range of places
/// ways      d: (b, edge 7) ─► (c, edge 9)
/// ```
#[derive(Debug)]
pub(super) struct Frontier {
    direction: Direction,
    ways: Ways,
    pub(super) reached: Vec<Reached>,
    /// Ways beside the first one.
    pub(super) others: Vec<Way>,
    /// The places of the last level.
    pub(super) level: Range<usize>,
    numbers: NodeNumbers,
    reserved: MemoryReservation,
}

impl Frontier {
    /// A search along edges in `direction`, before its start.
    pub(super) fn new(direction: Direction, ways: Ways, memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            direction,
            ways,
            reached: Vec::new(),
            others: Vec::new(),
            level: 0..0,
            numbers: NodeNumbers::default(),
            reserved: MemoryReservation::empty(memory),
        }
    }

    /// Forgets the search before and starts at `node`, which is met again where `returns`.
    pub(super) fn begin(&mut self, node: u64, returns: bool) {
        for reached in &self.reached {
            self.numbers.set(reached.node, 0);
        }
        self.reached.clear();
        self.others.clear();
        self.reached.push(Reached {
            node,
            way: Way {
                edge: 0,
                parent: 0,
                next: NO_WAY,
            },
        });
        if !returns {
            self.numbers.set(node, 1);
        }
        self.level = 0..1;
    }

    /// The place of a node; `None` where it was not reached.
    pub(super) fn place(&self, node: u64) -> Option<usize> {
        (self.numbers.get(node) as usize).checked_sub(1)
    }

    /// Goes one level on, over `rows` nodes at a time.
    ///
    /// # Errors
    /// `Cancelled`; `ResourceExhausted` past the memory limit; those of storage.
    pub(super) async fn grow(
        &mut self,
        lists: &mut EdgeLists,
        rows: usize,
        cancellation: &CancellationHandle,
    ) -> Result<()> {
        let first = self.reached.len();
        for start in self.level.clone().step_by(rows) {
            cancellation.check()?;
            let places = start..(start + rows).min(self.level.end);
            let nodes = self.reached[places.clone()].iter();
            let nodes: UInt64Array = nodes.map(|reached| Some(reached.node)).collect();
            lists.load(self.direction, &nodes).await?;
            for place in places {
                self.grow_from(place, first, lists);
            }
            self.reserve()?;
        }
        self.level = first..self.reached.len();
        Ok(())
    }

    fn grow_from(&mut self, place: usize, first: usize, lists: &EdgeLists) {
        let Self {
            reached,
            others,
            numbers,
            ..
        } = self;
        let from = reached[place].node;
        lists.each(self.direction, from, |to, edge| {
            let way = Way {
                edge,
                parent: place as u32,
                next: NO_WAY,
            };
            match (numbers.get(to) as usize).checked_sub(1) {
                None => {
                    reached.push(Reached { node: to, way });
                    numbers.set(to, reached.len() as u32);
                }
                Some(known) if known >= first && self.ways == Ways::AllShortest => {
                    let next = reached[known].way.next;
                    reached[known].way.next = others.len() as u32;
                    others.push(Way { next, ..way });
                }
                Some(_) => {}
            }
        });
    }

    fn reserve(&mut self) -> Result<()> {
        let held = self.numbers.bytes()
            + self.reached.capacity() * size_of::<Reached>()
            + self.others.capacity() * size_of::<Way>();
        if held > self.reserved.bytes() {
            self.reserved.try_grow(held - self.reserved.bytes())?;
        }
        Ok(())
    }
}
