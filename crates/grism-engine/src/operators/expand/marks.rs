//! Which neighbours a node has: what closes a cycle without going through all of them for every row.

use grism_core::{EntityId, TableId};

/// The neighbours of one node, each marked in an array over the offsets of its table.
///
/// ```text
/// table 3:  [-, -, (7, 0), -, (7, 2), …]     stamp 7 is the node's own, so the array is cleared by counting on
/// entries:  0: edge e4, next 1 │ 1: edge e9 │ 2: edge e5
/// ```
///
/// The array is as long as the greatest offset met; looking a neighbour up takes one step, whatever the degree.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    stamp: u32,
    /// By table: stamp and first entry, by offset.
    tables: Vec<(TableId, Vec<(u32, u32)>)>,
    /// Edges to one neighbour, each with the entry of the next one.
    entries: Vec<(u64, u32)>,
}

const LAST: u32 = u32::MAX;

impl Marks {
    /// Forgets all neighbours.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.tables.clear();
            self.stamp = 1;
        }
    }

    /// Adds an edge to `neighbour`.
    pub(crate) fn add(&mut self, neighbour: u64, edge: u64) {
        let id = EntityId::from_raw(neighbour);
        let offset = id.offset() as usize;
        let known = self.tables.iter().position(|(own, _)| *own == id.table());
        let known = known.unwrap_or_else(|| {
            self.tables.push((id.table(), Vec::new()));
            self.tables.len() - 1
        });
        let table = &mut self.tables[known].1;
        if table.len() <= offset {
            table.resize(offset + 1, (0, LAST));
        }
        let entry = self.entries.len() as u32;
        let before = match table[offset] {
            (stamp, first) if stamp == self.stamp => first,
            _ => LAST,
        };
        table[offset] = (self.stamp, entry);
        self.entries.push((edge, before));
    }

    /// The edges to `neighbour`.
    pub(crate) fn edges_to(&self, neighbour: u64) -> impl Iterator<Item = u64> + '_ {
        let id = EntityId::from_raw(neighbour);
        let table = self.tables.iter().find(|(own, _)| *own == id.table());
        let first = table.and_then(|(_, table)| table.get(id.offset() as usize));
        let mut next = match first {
            Some((stamp, first)) if *stamp == self.stamp => *first,
            _ => LAST,
        };
        std::iter::from_fn(move || {
            let (edge, after) = *self.entries.get(next as usize)?;
            next = after;
            Some(edge)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_know_the_neighbours_of_the_last_node_only() {
        let mut marks = Marks::default();
        marks.clear();
        marks.add(5, 50);
        marks.add(5, 51);
        marks.add(9, 90);
        let edges = |marks: &Marks, node| marks.edges_to(node).collect::<Vec<_>>();
        assert_eq!(edges(&marks, 5), [51, 50]);
        assert_eq!(edges(&marks, 9), [90]);
        marks.clear();
        marks.add(9, 91);
        assert!(edges(&marks, 5).is_empty());
        assert_eq!(edges(&marks, 9), [91]);
    }
}
