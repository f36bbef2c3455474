//! `Meeting`: a search from both ends of a path at once, which meets in the middle.

use std::sync::Arc;

use grism_core::{CancellationHandle, MemoryManager, Result};
use grism_logical::Direction;

use super::backtrack::Backtrack;
use super::frontier::{Frontier, Ways};
use crate::operators::expand::edge_lists::EdgeLists;

/// Two searches that take turns, the one with fewer nodes at its last level first: both together reach far fewer nodes
/// than one alone.
///
/// ```text
/// start ─► ○ ─► ○        ○ ◄─ ○ ◄─ target        a node that both have reached is the middle of a shortest path
///               └── ○ ───┘
/// ```
#[derive(Debug)]
pub(super) struct Meeting {
    from_start: Frontier,
    from_target: Frontier,
    ways: Ways,
    /// Nodes in the middle, by their places in both searches.
    middles: Vec<(usize, usize)>,
}

impl Meeting {
    pub(super) fn new(direction: Direction, ways: Ways, memory: &Arc<dyn MemoryManager>) -> Self {
        let back = match direction {
            Direction::Out => Direction::In,
            Direction::In => Direction::Out,
            Direction::Both => Direction::Both,
        };
        Self {
            from_start: Frontier::new(direction, ways, Arc::clone(memory)),
            from_target: Frontier::new(back, ways, Arc::clone(memory)),
            ways,
            middles: Vec::new(),
        }
    }

    /// Searches paths between two different nodes, of at most `most` edges; whether there is one.
    ///
    /// # Errors
    /// Those of [`Frontier::grow`].
    pub(super) async fn search(
        &mut self,
        (start, target): (u64, u64),
        most: Option<u64>,
        lists: &mut EdgeLists,
        rows: usize,
        cancellation: &CancellationHandle,
    ) -> Result<bool> {
        self.from_start.begin(start, false);
        self.from_target.begin(target, false);
        self.middles.clear();
        let mut length = 0;
        while most.is_none_or(|most| length < most) {
            let forward = self.from_start.level.len() <= self.from_target.level.len();
            let (own, other) = match forward {
                true => (&mut self.from_start, &self.from_target),
                false => (&mut self.from_target, &self.from_start),
            };
            own.grow(lists, rows, cancellation).await?;
            length += 1;
            if own.level.is_empty() {
                return Ok(false);
            }
            for place in own.level.clone() {
                let Some(other) = other.place(own.reached[place].node) else {
                    continue;
                };
                self.middles.push(match forward {
                    true => (place, other),
                    false => (other, place),
                });
                if self.ways == Ways::One {
                    break;
                }
            }
            if !self.middles.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins with the paths that were found: `true` where there is one.
    pub(super) fn first(&self, halves: &mut Halves) -> bool {
        halves.middle = 0;
        self.take(halves)
    }

    /// Takes the next path; `false` behind the last one.
    pub(super) fn next(&self, halves: &mut Halves) -> bool {
        if halves.to_target.advance(&self.from_target) {
            return true;
        }
        let Some((_, other)) = self.middles.get(halves.middle) else {
            return false;
        };
        if halves.from_start.advance(&self.from_start) {
            halves.to_target.begin(&self.from_target, *other);
            return true;
        }
        halves.middle += 1;
        self.take(halves)
    }

    /// The edges of a path with the nodes they lead to, from its start on.
    pub(super) fn edges<'a>(&'a self, halves: &'a Halves) -> impl Iterator<Item = (u64, u64)> + 'a {
        let first = halves.from_start.edges().rev();
        let first = first.map(|(edge, to, _)| (edge, self.from_start.reached[to].node));
        let second = halves.to_target.edges();
        first.chain(second.map(|(edge, _, to)| (edge, self.from_target.reached[to].node)))
    }

    fn take(&self, halves: &mut Halves) -> bool {
        let Some((place, other)) = self.middles.get(halves.middle) else {
            return false;
        };
        halves.from_start.begin(&self.from_start, *place);
        halves.to_target.begin(&self.from_target, *other);
        true
    }
}

/// Both halves of a path.
#[derive(Debug, Default)]
pub(super) struct Halves {
    middle: usize,
    from_start: Backtrack,
    to_target: Backtrack,
}
