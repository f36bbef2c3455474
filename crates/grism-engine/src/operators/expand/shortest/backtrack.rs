//! `Backtrack`: the paths to a node that a search has reached, one after another.

use super::frontier::{Frontier, NO_WAY, Way};

/// Goes through the paths from the start of a search to one of its nodes, without recursion: a path may be as long as the
/// graph is large.
///
/// ```text
/// d ─► c ─► a       the last way that has another behind it moves on: d ─► b ─► a
/// ```
#[derive(Debug, Default)]
pub(super) struct Backtrack {
    /// The ways of the path, from the last node back.
    ways: Vec<Way>,
    end: usize,
}

impl Backtrack {
    /// Takes the first path to the node at `place`.
    pub(super) fn begin(&mut self, search: &Frontier, place: usize) {
        self.ways.clear();
        self.end = place;
        self.descend(search, place);
    }

    /// Takes the next path to the same node; `false` behind the last one.
    pub(super) fn advance(&mut self, search: &Frontier) -> bool {
        while let Some(way) = self.ways.pop() {
            if way.next != NO_WAY {
                let way = search.others[way.next as usize];
                self.ways.push(way);
                self.descend(search, way.parent as usize);
                return true;
            }
        }
        false
    }

    /// Of each edge of the path, from the last one back: the edge, and the places of its nodes, further from the start and
    /// nearer to it.
    pub(super) fn edges(&self) -> impl DoubleEndedIterator<Item = (u64, usize, usize)> + '_ {
        (0..self.ways.len()).map(|at| {
            let further = match at.checked_sub(1) {
                None => self.end,
                Some(before) => self.ways[before].parent as usize,
            };
            (self.ways[at].edge, further, self.ways[at].parent as usize)
        })
    }

    fn descend(&mut self, search: &Frontier, mut place: usize) {
        // The first node has no way to it.
        while place > 0 {
            let way = search.reached[place].way;
            self.ways.push(way);
            place = way.parent as usize;
        }
    }
}
