//! `NeighbourCounts`: how many edges lead from one node to each of its neighbours.

use std::sync::Arc;

use grism_core::{EntityId, MemoryManager, MemoryReservation, Result, TableId};
use grism_logical::Direction;

use crate::operators::expand::edge_lists::{EdgeLists, NodeEdges};

/// Counts by table and offset, all 0 but those of the neighbours of one node.
///
/// ```text
/// table 3:  [0, 0, 1, 0, 2, …]     one edge to the node at offset 2, two to the one at offset 4
/// ```
///
/// The array is as long as the largest offset met; it is kept for the next row that starts from the same node.
#[derive(Debug)]
pub(super) struct NeighbourCounts {
    node: Option<u64>,
    tables: Vec<(TableId, Vec<u32>)>,
    /// The neighbours that have a count, some of them several times.
    touched: Vec<u64>,
    reserved: MemoryReservation,
}

impl NeighbourCounts {
    pub(super) fn new(memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            node: None,
            tables: Vec::new(),
            touched: Vec::new(),
            reserved: MemoryReservation::empty(memory),
        }
    }

    /// Counts the edges of `node`, whose lists are loaded.
    ///
    /// # Errors
    /// `ResourceExhausted` past the memory limit.
    pub(super) fn count(
        &mut self,
        lists: &EdgeLists,
        direction: Direction,
        node: u64,
    ) -> Result<()> {
        if self.node == Some(node) {
            return Ok(());
        }
        let Self {
            tables, touched, ..
        } = self;
        for neighbour in touched.drain(..) {
            if let Some(count) = count_mut(tables, neighbour) {
                *count = 0;
            }
        }
        lists.each(direction, node, |to, _| {
            if count_mut(tables, to).is_none() {
                make_room(tables, to);
            }
            if let Some(count) = count_mut(tables, to) {
                *count = count.saturating_add(1);
            }
            touched.push(to);
        });
        self.node = Some(node);
        let counts = self.tables.iter().map(|(_, counts)| counts.capacity());
        let held =
            counts.sum::<usize>() * size_of::<u32>() + self.touched.capacity() * size_of::<u64>();
        if held > self.reserved.bytes() {
            self.reserved.try_grow(held - self.reserved.bytes())?;
        }
        Ok(())
    }

    /// How many edges lead to `neighbour`.
    pub(super) fn of(&self, neighbour: u64) -> u64 {
        let id = EntityId::from_raw(neighbour);
        let count = self.of_table(id.table()).get(id.offset() as usize);
        u64::from(count.copied().unwrap_or_default())
    }

    /// Counts an edge to `neighbour` less, until it is put back; whether there is one.
    pub(super) fn take_out(&mut self, neighbour: u64) -> bool {
        match count_mut(&mut self.tables, neighbour) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Counts an edge to `neighbour` again that was taken out.
    pub(super) fn put_back(&mut self, neighbour: u64) {
        if let Some(count) = count_mut(&mut self.tables, neighbour) {
            *count += 1;
        }
    }

    /// How many edges lead to the nodes of a table, by their offsets; those past the end have none.
    fn of_table(&self, table: TableId) -> &[u32] {
        let own = self.tables.iter().find(|(own, _)| *own == table);
        own.map_or(&[], |(_, counts)| counts)
    }

    /// The sum of the counts of the nodes at the other ends of `edges`; `None` where their ids stand in a form that is not
    /// summed quickly.
    pub(super) fn sum_over(&self, edges: &NodeEdges<'_>) -> Option<u64> {
        let (upper, lower) = edges.segment.opposites.narrow()?;
        let first = EntityId::from_raw(upper);
        // Of one table, whose offsets are the lower halves.
        if edges.skips_loops || first.offset() > 0 {
            return None;
        }
        let counts = self.of_table(first.table());
        let of =
            |offset: &u32| u64::from(counts.get(*offset as usize).copied().unwrap_or_default());
        Some(lower[edges.places.clone()].iter().map(of).sum())
    }
}

fn count_mut(tables: &mut [(TableId, Vec<u32>)], node: u64) -> Option<&mut u32> {
    let id = EntityId::from_raw(node);
    let own = tables.iter_mut().find(|(own, _)| *own == id.table());
    own.and_then(|(_, counts)| counts.get_mut(id.offset() as usize))
}

fn make_room(tables: &mut Vec<(TableId, Vec<u32>)>, node: u64) {
    let id = EntityId::from_raw(node);
    let length = id.offset() as usize + 1;
    match tables.iter_mut().find(|(own, _)| *own == id.table()) {
        Some((_, counts)) => counts.resize(length.max(counts.len()), 0),
        None => tables.push((id.table(), vec![0; length])),
    }
}
