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
        let all = self.all(row, through)?;
        let left_out = self.left_out(row, through)?;
        let ways = all.checked_sub(left_out).ok_or_else(overflow)?;
        i64::try_from(ways).map_err(|_| overflow())
    }

    /// The number of ways, without a look at the edges that are not taken.
    fn all(&self, row: &MeetingRow<'_>, through: usize) -> Result<u64> {
        let step = &self.count.steps[through];
        let others: Vec<&NeighbourCounts> = self
            .neighbours
            .iter()
            .enumerate()
            .filter_map(|(step, own)| (step != through).then_some(own))
            .collect();
        let node = row.from[through];
        let mut ways: Option<u64> = Some(0);
        self.lists[through].each_list(step.direction, node, |edges| {
            let own = match others.as_slice() {
                [only] if self.count.restrict.is_none() => only.sum_over(&edges),
                _ => None,
            };
            let own = own.or_else(|| {
                let ends = edges
                    .places
                    .clone()
                    .map(|at| edges.segment.opposites.at(at));
                ends.filter(|to| !(edges.skips_loops && *to == node) && self.allows(*to))
                    .try_fold(0, |sum: u64, to| sum.checked_add(product(&others, to)?))
            });
            ways = ways.and_then(|ways| ways.checked_add(own?));
        });
        ways.ok_or_else(overflow)
    }

    /// The ways over edges that are not taken.
    fn left_out(&self, row: &MeetingRow<'_>, through: usize) -> Result<u64> {
        // By node at which the edges meet: how many edges of each step that lead there are not taken.
        let mut by_end: HashMap<u64, Vec<u64>> = HashMap::new();
        for (place, step) in self.count.steps.iter().enumerate() {
            for (at, edge) in row.except[place].iter().enumerate() {
                // Two columns may hold one edge.
                if row.except[place][..at].contains(edge) {
                    continue;
                }
                self.lists[place].each_end(step.direction, row.from[place], *edge, |to| {
                    if self.allows(to) {
                        let none = || vec![0; self.count.steps.len()];
                        by_end.entry(to).or_insert_with(none)[place] += 1;
                    }
                });
            }
        }
        let mut ways: u64 = 0;
        for (end, left_out) in by_end {
            let mut products: Option<(u64, u64)> = Some((1, 1));
            for (step, left_out) in left_out.iter().enumerate() {
                let edges = match step == through {
                    false => self.neighbours[step].of(end),
                    true => {
                        let (mut edges, direction) = (0, self.count.steps[step].direction);
                        self.lists[step].each(direction, row.from[step], |to, _| {
                            edges += u64::from(to == end);
                        });
                        edges
                    }
                };
                products = products.and_then(|(all, taken)| {
                    let taken = taken.checked_mul(edges.checked_sub(*left_out)?)?;
                    Some((all.checked_mul(edges)?, taken))
                });
            }
            let own = products.and_then(|(all, taken)| all.checked_sub(taken));
            ways = own
                .and_then(|own| ways.checked_add(own))
                .ok_or_else(overflow)?;
        }
        Ok(ways)
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

fn product(counts: &[&NeighbourCounts], node: u64) -> Option<u64> {
    counts.iter().try_fold(1, |product: u64, counts| {
        product.checked_mul(counts.of(node))
    })
}

fn overflow() -> Error {
    Error::invalid_data("integer overflow in a count: it is past 64 bits")
}
