//! What one commit changes.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;

use crate::{GraphSchema, SnapshotId, TableId};

/// The changes of one atomic commit, made against one snapshot.
///
/// Offsets of new rows are counted from the `next_offset` of the table in the base snapshot, in the order of the
/// batches, so that rows of one commit can refer to each other; a storage refuses the commit when the base is not
/// the newest snapshot any more. Appends come first, then updates, then deletes, which may name appended rows.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The snapshot the changes were made against.
    pub base: SnapshotId,
    /// The schema after the commit.
    pub schema: GraphSchema,
    /// New rows by table. Columns are named: a role holds raw ids as `UInt64` (a list of them where it is
    /// multi-valued), a property holds its type; a column that is missing is null.
    pub appends: BTreeMap<TableId, Vec<RecordBatch>>,
    /// Changed rows by table: [`crate::ID_COLUMN`], then the columns that change, which are roles, properties or
    /// [`crate::LABELS_COLUMN`]. An id stands at most once in all batches.
    pub updates: BTreeMap<TableId, Vec<RecordBatch>>,
    /// Offsets of the rows that go, ascending.
    pub deletes: BTreeMap<TableId, Vec<u64>>,
}

impl ChangeSet {
    /// No changes yet, on top of `base`.
    #[must_use]
    pub fn new(base: SnapshotId, schema: GraphSchema) -> Self {
        Self {
            base,
            schema,
            appends: BTreeMap::new(),
            updates: BTreeMap::new(),
            deletes: BTreeMap::new(),
        }
    }

    /// Rows added to `table` so far.
    #[must_use]
    pub fn appended_rows(&self, table: TableId) -> u64 {
        self.appends.get(&table).map_or(0, |batches| {
            batches.iter().map(|batch| batch.num_rows() as u64).sum()
        })
    }

    /// Adds rows to `table`.
    pub fn append(&mut self, table: TableId, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.appends.entry(table).or_default().push(batch);
        }
    }

    /// Changes rows of `table`.
    pub fn update(&mut self, table: TableId, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.updates.entry(table).or_default().push(batch);
        }
    }
}
