//! What one commit changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};

use crate::{CancellationHandle, GraphSchema, LoadState, Result, Snapshot, SnapshotId, TableId};

/// Offsets of rows of one table, or raw ids: ranges and bitmaps, a bit for each where they lie close together.
pub type OffsetSet = RoaringTreemap;

/// Rows that are too many to be held at once, read as often as needed.
pub trait RowSource: Send + Sync + Debug {
    /// How many rows there are.
    fn rows(&self) -> u64;

    /// The rows, always in the same order.
    ///
    /// # Errors
    /// Those of the file they are kept in.
    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>>;
}

/// A piece of the rows that a commit adds to a table, or changes.
#[derive(Clone, Debug)]
pub enum AppendedRows {
    /// Rows in memory.
    Batch(RecordBatch),
    /// Rows elsewhere.
    Source(Arc<dyn RowSource>),
}

impl AppendedRows {
    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Batch(batch) => batch.num_rows() as u64,
            Self::Source(source) => source.rows(),
        }
    }

    /// The rows, always in the same order.
    ///
    /// # Errors
    /// As [`RowSource::batches`].
    pub fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        match self {
            Self::Batch(batch) => Ok(Box::new(std::iter::once(Ok(batch.clone())))),
            Self::Source(source) => source.batches(),
        }
    }

    /// The same rows, whose reading fails with `Cancelled` once `cancellation` says so.
    #[must_use]
    pub fn until(self, cancellation: &CancellationHandle) -> Self {
        Self::Source(Arc::new(RowsUntil {
            rows: self,
            cancellation: cancellation.clone(),
        }))
    }
}

/// Rows that are read until a handle is cancelled.
#[derive(Debug)]
struct RowsUntil {
    rows: AppendedRows,
    cancellation: CancellationHandle,
}

impl RowSource for RowsUntil {
    fn rows(&self) -> u64 {
        self.rows.rows()
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let (batches, cancellation) = (self.rows.batches()?, self.cancellation.clone());
        Ok(Box::new(batches.map(move |batch| {
            cancellation.check()?;
            batch
        })))
    }
}

/// The right to commit that a writer holds, where the storage knows such a thing; it ends when the last copy is dropped.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What the storage releases.
    pub guard: Arc<dyn Debug + Send + Sync>,
}

/// What a commit did, as the history shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitSummary {
    /// What kind of commit it was, as `load Person` or `statement`.
    pub operation: String,
    /// Rows that changed, by table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<TableId, RowChanges>,
}

/// How many rows of one table a commit changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowChanges {
    /// Rows that came.
    pub added: u64,
    /// Rows that stayed and changed.
    pub updated: u64,
    /// Rows that went.
    pub deleted: u64,
}

/// The changes of one atomic commit, made against one snapshot.
///
/// Offsets of new rows are counted from the `next_offset` of the table in the base snapshot, in the order of the
/// batches, so that rows of one commit can refer to each other; when the base is not the newest snapshot any more, a
/// storage refuses the commit, or moves the changes onto the newest one where that cannot matter. Appends come first, then updates, then deletes, which may name appended rows.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The snapshot the changes were made against.
    pub base: SnapshotId,
    /// The commit that made it ([`Snapshot::commit`]).
    pub base_commit: String,
    /// The schema after the commit.
    pub schema: GraphSchema,
    /// New rows by table. Columns are named: that of a role has its name and holds raw ids as `UInt64` (lists of them
    /// where the role is multi-valued), that of a property is [`crate::Property::column`] and holds its type; a column that
    /// is missing is null.
    pub appends: BTreeMap<TableId, Vec<AppendedRows>>,
    /// Changed rows by table: [`crate::ID_COLUMN`], then the columns that change, of roles or properties, or
    /// [`crate::LABELS_COLUMN`]. An id stands at most once in all batches.
    pub updates: BTreeMap<TableId, Vec<AppendedRows>>,
    /// Offsets of the rows that go.
    pub deletes: BTreeMap<TableId, OffsetSet>,
    /// What incremental loads have taken, by the table that they loaded into; it is added to what was taken before.
    pub loaded: BTreeMap<TableId, LoadState>,
    /// What the history calls it.
    pub operation: String,
    /// Whether the storage may move the changes onto a newer snapshot that added or changed other rows only: not where
    /// they follow from what was read, as those of a query do.
    pub may_rebase: bool,
    /// The turn that the writer has taken already.
    pub turn: Option<Turn>,
    /// Names of constraints that the writer knows the new rows to keep, beside each other and beside the rows of the base, so
    /// that a storage need not look. It counts only where the changes are committed on the base.
    pub verified: BTreeSet<String>,
    /// What stops the staging of the changes; a commit that was published stays.
    pub cancellation: CancellationHandle,
}

impl ChangeSet {
    /// No changes yet, on top of `base`.
    #[must_use]
    pub fn new(base: &dyn Snapshot, schema: GraphSchema) -> Self {
        Self {
            base: base.id(),
            base_commit: base.commit().to_owned(),
            schema,
            appends: BTreeMap::new(),
            updates: BTreeMap::new(),
            deletes: BTreeMap::new(),
            loaded: BTreeMap::new(),
            operation: String::new(),
            may_rebase: false,
            turn: None,
            verified: BTreeSet::new(),
            cancellation: CancellationHandle::default(),
        }
    }

    /// With what the history calls it.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = operation.into();
        self
    }

    /// Whether nothing but, perhaps, the schema changes.
    #[must_use]
    pub fn has_no_rows(&self) -> bool {
        self.appends.is_empty() && self.updates.is_empty() && self.deletes.is_empty()
    }

    /// Whether `base`, which they were made against, would stay as it is.
    #[must_use]
    pub fn is_nothing(&self, base: &dyn Snapshot) -> bool {
        self.has_no_rows() && self.loaded.is_empty() && self.schema == **base.schema()
    }

    /// What the history says of it.
    #[must_use]
    pub fn summary(&self) -> CommitSummary {
        let mut tables: BTreeMap<TableId, RowChanges> = BTreeMap::new();
        for (table, pieces) in &self.appends {
            tables.entry(*table).or_default().added +=
                pieces.iter().map(AppendedRows::rows).sum::<u64>();
        }
        for (table, pieces) in &self.updates {
            tables.entry(*table).or_default().updated +=
                pieces.iter().map(AppendedRows::rows).sum::<u64>();
        }
        for (table, offsets) in &self.deletes {
            tables.entry(*table).or_default().deleted += offsets.len();
        }
        CommitSummary {
            operation: self.operation.clone(),
            tables,
        }
    }

    /// Rows added to `table` so far.
    #[must_use]
    pub fn appended_rows(&self, table: TableId) -> u64 {
        self.appends
            .get(&table)
            .map_or(0, |pieces| pieces.iter().map(AppendedRows::rows).sum())
    }

    /// Adds rows to `table`.
    pub fn append(&mut self, table: TableId, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            let piece = AppendedRows::Batch(batch);
            self.appends.entry(table).or_default().push(piece);
        }
    }

    /// The pieces of rows added to `table`, which are read until the changes are cancelled.
    #[must_use]
    pub fn appended_pieces(&self, table: TableId) -> Option<Vec<AppendedRows>> {
        self.stoppable(self.appends.get(&table)?)
    }

    /// The pieces of rows that change in `table`, which are read until the changes are cancelled.
    #[must_use]
    pub fn updated_pieces(&self, table: TableId) -> Option<Vec<AppendedRows>> {
        self.stoppable(self.updates.get(&table)?)
    }

    fn stoppable(&self, pieces: &[AppendedRows]) -> Option<Vec<AppendedRows>> {
        let pieces = pieces.iter().cloned();
        Some(
            pieces
                .map(|piece| piece.until(&self.cancellation))
                .collect(),
        )
    }

    /// The rows added to `table`, piece by piece.
    pub fn appended(
        &self,
        table: TableId,
    ) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        batches_of(self.appended_pieces(table).unwrap_or_default())
    }

    /// The rows that change in `table`, piece by piece.
    pub fn updated(
        &self,
        table: TableId,
    ) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
        batches_of(self.updated_pieces(table).unwrap_or_default())
    }

    /// Changes rows of `table`.
    pub fn update(&mut self, table: TableId, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            let piece = AppendedRows::Batch(batch);
            self.updates.entry(table).or_default().push(piece);
        }
    }
}

/// The batches of some pieces, in order.
pub fn batches_of(
    pieces: Vec<AppendedRows>,
) -> impl Iterator<Item = Result<RecordBatch>> + Send + use<> {
    pieces.into_iter().flat_map(|piece| match piece.batches() {
        Ok(batches) => batches,
        Err(error) => Box::new(std::iter::once(Err(error))),
    })
}
