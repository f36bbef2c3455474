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

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};
    use grism_core::{
        ChangeSet, ErrorKind, MemoryBudget, PoolMemoryManager, SnapshotId, SnapshotSelector,
        Storage, Type,
    };

    use super::*;
    use crate::{InMemoryStorage, Transaction};

    const ROWS: usize = 10_000;
    const ROW_BYTES: usize = ROWS * size_of::<i64>();

    fn pool(limit: usize) -> Arc<dyn MemoryManager> {
        Arc::new(PoolMemoryManager::new(limit))
    }

    /// Adds so many nodes with a number.
    async fn add(storage: &dyn Storage, rows: usize) -> Result<SnapshotId> {
        let base = storage.snapshot(SnapshotSelector::Newest).await?;
        let mut changes = ChangeSet::new(base.as_ref(), (**base.schema()).clone());
        let table = changes.schema.ensure_node_table(&["A".to_owned()])?;
        changes.schema.ensure_property(table, "x", &Type::Int64)?;
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
        changes.append(table, RecordBatch::try_from_iter([("x", numbers)])?);
        storage.commit(changes).await
    }

    #[tokio::test]
    async fn rows_are_of_the_process_until_no_snapshot_has_them() {
        let process = pool(1 << 30);
        let storage = InMemoryStorage::within(Arc::clone(&process));
        // Through a handle that is charged to a load, which ends.
        let load = Arc::new(MemoryBudget::new(Arc::clone(&process), Some(1 << 20)));
        let handle = storage.with_memory(load);
        add(handle.as_ref(), ROWS).await.unwrap();
        assert_eq!(handle.memory().current_usage(), 0);
        drop(handle);
        let first = process.current_usage();
        assert!((ROW_BYTES..2 * ROW_BYTES).contains(&first), "{first}");
        add(&storage, ROWS).await.unwrap();
        let second = process.current_usage();
        assert!(
            (2 * ROW_BYTES..3 * ROW_BYTES).contains(&second),
            "{second}: shared rows count once"
        );
        drop(storage);
        assert_eq!(process.current_usage(), 0);
    }

    #[tokio::test]
    async fn a_commit_that_does_not_fit_leaves_the_graph_and_what_is_held() {
        let process = pool(3 * ROW_BYTES);
        let storage = InMemoryStorage::within(Arc::clone(&process));
        let known = add(&storage, ROWS).await.unwrap();
        let held = process.current_usage();
        let error = add(&storage, 3 * ROWS).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
        assert!(error.message().contains("a graph in memory"), "{error}");
        let newest = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        assert_eq!((newest.id(), process.current_usage()), (known, held));
        drop(newest);
        add(&storage, ROWS).await.unwrap();
    }

    #[tokio::test]
    async fn lists_and_rows_that_change_are_held_with_those_of_snapshots_before() {
        let process = pool(1 << 30);
        let storage = InMemoryStorage::within(Arc::clone(&process));
        add(&storage, ROWS).await.unwrap();
        let base = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let mut transaction = Transaction::new(base);
        let before = process.current_usage();
        let [a, b] = [0, 1].map(|_| transaction.create_node(&["B".to_owned()]).unwrap());
        for _ in 0..1000 {
            transaction.create_edge("TO", a, b).unwrap();
        }
        storage.commit(transaction.finish().unwrap()).await.unwrap();
        // Two roles of each edge, and an edge and a member in the lists of both.
        let lists = process.current_usage() - before;
        assert!(lists > 2 * 1000 * size_of::<u64>(), "{lists}");
        let base = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let mut transaction = Transaction::new(base);
        transaction.delete(&[a], true).await.unwrap();
        storage.commit(transaction.finish().unwrap()).await.unwrap();
        drop(storage);
        assert_eq!(process.current_usage(), 0);
    }
}
