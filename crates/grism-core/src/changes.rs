//! What one commit adds to a snapshot.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;

use crate::{GraphSchema, SnapshotId, TableId};

/// The changes of one atomic commit, made against one snapshot.
///
/// Offsets of new rows are counted from the `next_offset` of the table in the base snapshot, in the order of the
/// batches, so that rows of one commit can refer to each other; a storage refuses the commit when the base is not
/// the newest snapshot any more.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The snapshot the changes were made against.
    pub base: SnapshotId,
    /// The schema after the commit.
    pub schema: GraphSchema,
    /// New rows by table. Columns are named: a role holds raw ids as `UInt64` (a list of them where it is
    /// multi-valued), a property holds its type; a column that is missing is null.
    pub appends: BTreeMap<TableId, Vec<RecordBatch>>,
}

impl ChangeSet {
    /// No changes yet, on top of `base`.
    #[must_use]
    pub fn new(base: SnapshotId, schema: GraphSchema) -> Self {
        Self {
            base,
            schema,
            appends: BTreeMap::new(),
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
}
