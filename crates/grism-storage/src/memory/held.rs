//! `HeldData`: what the data of a graph in memory take of the memory of their process, as long as a snapshot has them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use grism_core::{MemoryManager, MemoryReservation, Result, TableId, batch_bytes};

use super::chunks::Chunks;
use super::segments::TableSegments;

/// Reservations for the rows and the incidence lists of a snapshot, which it shares with snapshots that have the same data.
///
/// They are of the process, not of the query or load that made the data: the graph is there when that has ended.
#[derive(Clone, Debug)]
pub(super) struct HeldData {
    memory: Arc<dyn MemoryManager>,
    tables: BTreeMap<TableId, TableHeld>,
}

#[derive(Clone, Debug, Default)]
struct TableHeld {
    /// For each batch of the table.
    chunks: Arc<Vec<Arc<MemoryReservation>>>,
    /// For the lists of each segment, by their address.
    segments: Arc<HashMap<usize, Arc<MemoryReservation>>>,
}

impl HeldData {
    /// No data yet in a process with this memory.
    pub(super) fn of(memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            memory,
            tables: BTreeMap::new(),
        }
    }

    /// Gives back what tables take that are gone.
    pub(super) fn retain(&mut self, alive: impl Fn(TableId) -> bool) {
        self.tables.retain(|table, _| alive(*table));
    }

    /// Takes what the next batch of a table needs.
    ///
    /// # Errors
    /// `ResourceExhausted` where the process has no more.
    pub(super) fn append(&mut self, table: TableId, batch: &RecordBatch) -> Result<()> {
        let held = self.reserve(batch_bytes(batch))?;
        let own = self.tables.entry(table).or_default();
        Arc::make_mut(&mut own.chunks).push(held);
        Ok(())
    }

    /// Takes what the batches of a table need that are others than `before`, in place of what those needed.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub(super) fn replace(
        &mut self,
        table: TableId,
        before: &Chunks,
        after: &Chunks,
    ) -> Result<()> {
        let pairs = before.batches.iter().zip(&after.batches).enumerate();
        let changed = pairs.filter(|(_, (old, new))| !are_same(old, new));
        for (place, (_, batch)) in changed {
            let held = self.reserve(batch_bytes(batch))?;
            let own = self.tables.entry(table).or_default();
            if let Some(slot) = Arc::make_mut(&mut own.chunks).get_mut(place) {
                *slot = held;
            }
        }
        Ok(())
    }

    /// Takes what the incidence lists of a table need; those that it had before stay as they are.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub(super) fn settle_lists(&mut self, table: TableId, lists: &TableSegments) -> Result<()> {
        let known = match self.tables.get(&table) {
            Some(own) => Arc::clone(&own.segments),
            None => Arc::default(),
        };
        let mut segments = HashMap::with_capacity(lists.len());
        for segment in lists.values() {
            let address = Arc::as_ptr(segment).addr();
            let held = match known.get(&address) {
                Some(held) => Arc::clone(held),
                None => self.reserve(segment.bytes())?,
            };
            segments.insert(address, held);
        }
        self.tables.entry(table).or_default().segments = Arc::new(segments);
        Ok(())
    }

    fn reserve(&self, bytes: usize) -> Result<Arc<MemoryReservation>> {
        let memory = Arc::clone(&self.memory);
        let held = MemoryReservation::try_new_unmetered(memory, bytes);
        let held = held.map_err(|error| {
            error.context(
                "a graph in memory takes of the memory of its process, and one on disk does not",
            )
        });
        Ok(Arc::new(held?))
    }
}

/// Whether both are one batch, by the columns that they share.
fn are_same(first: &RecordBatch, second: &RecordBatch) -> bool {
    let columns = first.columns().iter().zip(second.columns());
    first.num_columns() == second.num_columns()
        && columns.into_iter().all(|(a, b)| Arc::ptr_eq(a, b))
}
