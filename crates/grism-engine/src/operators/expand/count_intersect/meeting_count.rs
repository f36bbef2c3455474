//! `MeetingCount`: in how many ways edges from the nodes of one row meet at one node.

use std::collections::HashMap;
use std::sync::Arc;

use grism_core::{EntityId, Error, MemoryManager, Result};
use grism_logical::CountIntersect;

use super::neighbour_counts::NeighbourCounts;
use crate::operators::expand::edge_lists::EdgeLists;

/// Counts row by row: it goes through the edges of one step, and looks up how many edges of the other steps lead to the same
/// node.
///
/// ```text
/// a ─► x, y        edges of the step from a, counted once for all rows that start from a
/// b ─► w, x, x     gone through for each row: 0 + 1 + 1
/// ```
pub(super) struct MeetingCount {
    pub(super) count: CountIntersect,
    /// The lists of each step.
    pub(super) lists: Vec<EdgeLists>,
    /// The neighbours of the node that each step starts from; unused for the step that is gone through.
    neighbours: Vec<NeighbourCounts>,
    /// The steps, and the ends, of edges that are taken off `neighbours` for the row at hand.
    left_out: Vec<(usize, u64)>,
}

/// The nodes that the steps of one row start from, and the edges that each step does not take.
pub(super) struct MeetingRow<'a> {
    pub(super) from: &'a [u64],
    pub(super) except: &'a [Vec<u64>],
}

impl MeetingCount {
    pub(super) fn new(
        count: CountIntersect,
        lists: Vec<EdgeLists>,
        memory: &Arc<dyn MemoryManager>,
    ) -> Self {
        let neighbours = lists
            .iter()
            .map(|_| NeighbourCounts::new(Arc::clone(memory)));
        Self {
            neighbours: neighbours.collect(),
            left_out: Vec::new(),
            count,
            lists,
        }
    }

    /// The number of ways for `row`, going through the edges of the step `through`.
    ///
    /// # Errors
    /// `InvalidData` for a number past 64 bits; `ResourceExhausted` past the memory limit.
    pub(super) fn of(&mut self, row: &MeetingRow<'_>, through: usize) -> Result<i64> {
        let apart = self.count.apart.iter();
        // An edge is taken twice only by two steps that start from one node.
        if apart.clone().any(|(a, b)| row.from[*a] == row.from[*b]) {
            return self.by_edges(row);
        }
        for (step, neighbours) in self.neighbours.iter_mut().enumerate() {
            if step != through {
                let direction = self.count.steps[step].direction;
                neighbours.count(&self.lists[step], direction, row.from[step])?;
            }
        }
        self.leave_out(row, through);
        let ways = self.all(row, through);
        for (step, end) in self.left_out.drain(..) {
            self.neighbours[step].put_back(end);
        }
        i64::try_from(ways?).map_err(|_| overflow())
    }

    /// Takes the edges that are not taken off what is counted of their steps, until `left_out` is put back.
    fn leave_out(&mut self, row: &MeetingRow<'_>, through: usize) {
        let Self {
            count,
            lists,
            neighbours,
            left_out,
        } = self;
        for (place, step) in count.steps.iter().enumerate() {
            if place == through {
                continue;
            }
            for edge in different(&row.except[place]) {
                lists[place].each_end(step.direction, row.from[place], edge, |to| {
                    if neighbours[place].take_out(to) {
                        left_out.push((place, to));
                    }
                });
            }
        }
    }

    /// The number of ways over what is counted of the other steps, without the edges that the step `through` does not take.
    fn all(&self, row: &MeetingRow<'_>, through: usize) -> Result<u64> {
        let (step, node) = (&self.count.steps[through], row.from[through]);
        let only = match &self.neighbours[..] {
            [first, second] if self.count.restrict.is_none() => Some([second, first][through]),
            _ => None,
        };
        let mut ways: Option<u64> = Some(0);
        self.lists[through].each_list(step.direction, node, |edges| {
            let own = only.and_then(|only| only.sum_over(&edges)).or_else(|| {
                let ends = edges.places.clone();
                let ends = ends.map(|at| edges.segment.opposites.at(at));
                ends.filter(|to| !(edges.skips_loops && *to == node))
                    .try_fold(0, |sum: u64, to| {
                        sum.checked_add(self.ways_to(to, through)?)
                    })
            });
            ways = ways.and_then(|ways| ways.checked_add(own?));
        });
        for edge in different(&row.except[through]) {
            self.lists[through].each_end(step.direction, node, edge, |to| {
                ways = ways.and_then(|ways| ways.checked_sub(self.ways_to(to, through)?));
            });
        }
        ways.ok_or_else(overflow)
    }

    /// In how many ways the edges of the other steps meet at `end`.
    fn ways_to(&self, end: u64, through: usize) -> Option<u64> {
        if !self.allows(end) {
            return Some(0);
        }
        let others = self.neighbours.iter().enumerate();
        let others = others.filter(|(step, _)| *step != through);
        others
            .map(|(_, counts)| counts.of(end))
            .try_fold(1, u64::checked_mul)
    }

    /// The number of ways, edge by edge.
    fn by_edges(&self, row: &MeetingRow<'_>) -> Result<i64> {
        let steps = self.count.steps.len();
        let mut by_end: HashMap<u64, Vec<Vec<u64>>> = HashMap::new();
        for (place, step) in self.count.steps.iter().enumerate() {
            self.lists[place].each(step.direction, row.from[place], |to, edge| {
                let known = place == 0 || by_end.contains_key(&to);
                if known && self.allows(to) && !row.except[place].contains(&edge) {
                    by_end.entry(to).or_insert_with(|| vec![Vec::new(); steps])[place].push(edge);
                }
            });
        }
        let mut ways: Option<i64> = Some(0);
        for edges in by_end.values() {
            let own = self.choices(edges, &mut Vec::with_capacity(steps));
            ways = ways.and_then(|ways| ways.checked_add(own?));
        }
        ways.ok_or_else(overflow)
    }

    /// In how many ways the steps after those that `chosen` are for choose their edges; `None` past 64 bits.
    fn choices(&self, edges: &[Vec<u64>], chosen: &mut Vec<u64>) -> Option<i64> {
        let place = chosen.len();
        let Some(own) = edges.get(place) else {
            return Some(1);
        };
        let apart = self.count.apart.iter().filter_map(|(a, b)| {
            let (first, last) = (*a.min(b), *a.max(b));
            (last == place).then_some(first)
        });
        let apart: Vec<usize> = apart.collect();
        let mut ways: i64 = 0;
        for edge in own {
            if apart.iter().all(|first| chosen[*first] != *edge) {
                chosen.push(*edge);
                ways = ways.checked_add(self.choices(edges, chosen)?)?;
                chosen.pop();
            }
        }
        Some(ways)
    }

    /// Whether edges may meet at `node`.
    fn allows(&self, node: u64) -> bool {
        let table = EntityId::from_raw(node).table();
        let tables = self.count.restrict.as_ref();
        tables.is_none_or(|tables| tables.contains(&table))
    }
}

/// Each of these edges once: two columns may hold one.
fn different(edges: &[u64]) -> impl Iterator<Item = u64> + '_ {
    let is_first = |(at, edge): &(usize, &u64)| !edges[..*at].contains(edge);
    edges
        .iter()
        .enumerate()
        .filter(is_first)
        .map(|(_, edge)| *edge)
}

fn overflow() -> Error {
    Error::invalid_data("integer overflow in a count: it is past 64 bits")
}
