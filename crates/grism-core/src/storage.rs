//! The storage contract: what the engine asks of a graph, whatever holds it.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, CommitSummary, Error, GraphSchema, GraphStatistics, IncidenceSegment, IndexSearch,
    ListDirectory, LoadState, Maintenance, MemoryManager, Result, RowOrigin, ScanPredicate,
    SearchHit, SegmentKey, SnapshotId, SnapshotSelector, TableId, TimeTravel, Turn,
    without_secrets,
};

/// The column of raw entity ids that leads every scanned batch.
pub const ID_COLUMN: &str = "_id";

/// Lists whose lengths are read at the same time for a [`ListDirectory`].
const LISTS_AT_ONCE: usize = 16;

/// A stream of batches of one schema.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// What a worker needs to open the same graph. It holds credentials, so that it is sent and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageDescriptor {
    /// Where the graph lies: an absolute path or a URI.
    pub uri: String,
    /// Object store options.
    pub options: BTreeMap<String, String>,
}

impl fmt::Debug for StorageDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageDescriptor")
            .field("uri", &without_secrets(&self.uri))
            .field("options", &self.options.keys())
            .finish()
    }
}

/// A graph: a line of snapshots, each whole and immutable.
#[async_trait]
pub trait Storage: Any + Send + Sync + Debug {
    /// What travels to workers.
    fn descriptor(&self) -> StorageDescriptor;

    /// The memory that work through this handle is charged to: loads, commits, and what snapshots opened through it read.
    fn memory(&self) -> &Arc<dyn MemoryManager>;

    /// Another handle on the same graph, whose work is charged to `memory`. Work on the two does not share a limit, and
    /// commits of one are seen through the other.
    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage>;

    /// Opens a snapshot.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>>;

    /// Commits `changes` as the next snapshot, all or nothing.
    ///
    /// # Errors
    /// As [`Self::commit_steps`].
    async fn commit(&self, changes: ChangeSet) -> Result<SnapshotId> {
        self.commit_steps(vec![changes], None).await
    }

    /// Commits several sets of changes as one snapshot, all or nothing. They have the same base, and each counts its
    /// offsets from there, so that ids of the steps before are known to the later ones. `staged` is what
    /// [`Self::stage`] made of all of them, where it was called.
    ///
    /// # Errors
    /// `Conflict` where the base is not the newest snapshot, and the changes may not or cannot be moved; `InvalidData` where the
    /// graph afterwards breaks a constraint by what the steps changed. Then nothing was changed.
    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId>;

    /// The graph as it would be after `changes` on top of `base`, which this storage made: a snapshot that nobody else
    /// sees until it is committed.
    ///
    /// # Errors
    /// `InvalidData` where it breaks a constraint by what `changes` changed; those of the storage.
    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>>;

    /// Waits until no other writer of this machine commits, and keeps them waiting.
    ///
    /// # Errors
    /// `Unavailable` where the graph cannot be written.
    async fn turn(&self) -> Result<Turn> {
        Ok(Turn {
            guard: Arc::new(()),
        })
    }

    /// Whether `snapshot`, which this storage opened, is one of the graph that is there now: another may have been built in
    /// its place since.
    ///
    /// # Errors
    /// `NotFound` where the graph of the snapshot is gone.
    async fn check_there(&self, _snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        Ok(())
    }

    /// The committed snapshots that can be opened, oldest first.
    async fn history(&self) -> Result<Vec<SnapshotInfo>>;

    /// The rows of a source outside the graph, in their order, as [`RowOrigin`] says.
    ///
    /// # Errors
    /// `NotFound` where there is no such file or table, `InvalidData` where it cannot be read, `Unsupported` where the storage
    /// reads no such source.
    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        let message = format!("reading {source} by a query over this storage");
        Err(crate::Error::unsupported(message))
    }

    /// The graph's upkeep; `None` where nothing is kept in files.
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        None
    }

    /// The graph's tags and times; `None` where snapshots are known by their numbers alone.
    fn time_travel(&self) -> Option<&dyn TimeTravel> {
        None
    }

    /// A snapshot as bytes that travel to other processes; `None` where those open the descriptor instead.
    fn image(&self, _id: SnapshotId) -> Option<Result<Vec<u8>>> {
        None
    }
}

/// One line of a graph's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The snapshot's number.
    pub id: SnapshotId,
    /// When it was committed, in milliseconds since 1970-01-01T00:00Z.
    pub committed_at: i64,
    /// What the commit did.
    pub summary: CommitSummary,
}

/// Which rows of a table are scanned together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScanPiece {
    /// The physical rows of the fragment of this number within the table.
    Fragment(u64),
    /// The rows that an index finds for the predicate of the scan.
    Indexed,
    /// The rows that the open transaction created.
    Created,
}

impl fmt::Display for ScanPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fragment(number) => write!(f, "fragment {number}"),
            Self::Indexed => f.write_str("the rows of an index"),
            Self::Created => f.write_str("the rows of the transaction"),
        }
    }
}

/// A piece of a table that one worker scans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanRange {
    /// The table.
    pub table: TableId,
    /// Which of its rows.
    pub piece: ScanPiece,
    /// How many rows these are.
    pub rows: u64,
}

/// What a scan reads.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The columns to read: those of properties ([`crate::Property::column`]), roles by their names, or
    /// [`crate::LABELS_COLUMN`]; the id column comes first anyway.
    pub columns: Vec<String>,
    /// Rows to pass, by the columns of their properties; empty passes all.
    pub predicate: ScanPredicate,
    /// The piece to read.
    pub range: ScanRange,
    /// Rows per batch, at most.
    pub batch_rows: usize,
}

/// One committed, immutable, consistent version of a graph.
#[async_trait]
pub trait Snapshot: Any + Send + Sync + Debug {
    /// The snapshot's number.
    fn id(&self) -> SnapshotId;

    /// The commit that made the snapshot. It is random, so that a snapshot of the same number of a graph that was deleted and
    /// built anew is told apart. Changes that are not committed yet have the commit of the snapshot they are made on.
    fn commit(&self) -> &str;

    /// The memory that what is read is charged to.
    fn memory(&self) -> &Arc<dyn MemoryManager>;

    /// The same snapshot, read in `memory`.
    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Snapshot>;

    /// The schema.
    fn schema(&self) -> &Arc<GraphSchema>;

    /// The counts.
    fn statistics(&self) -> &Arc<GraphStatistics>;

    /// Segments hold `2^shift` offsets.
    fn segment_shift(&self) -> u8;

    /// The pieces of a table; together they hold every row once.
    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange>;

    /// The pieces of a table that hold every row that passes `predicate`; with an index that finds such rows, fewer than
    /// all. [`Self::scan`] reads them with the same predicate.
    fn scan_ranges_for(&self, table: TableId, _predicate: &ScanPredicate) -> Vec<ScanRange> {
        self.scan_ranges(table)
    }

    /// Reads one piece: batches of [`ID_COLUMN`] and the requested columns, in storage order.
    async fn scan(&self, request: ScanRequest) -> Result<BatchStream>;

    /// Reads `columns` of the rows at `offsets` of `table`, one row for each offset, in their order.
    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch>;

    /// Whether each of `offsets` of `table` has a row.
    async fn alive(&self, table: TableId, offsets: &[u64]) -> Result<Vec<bool>>;

    /// The rows of `table` that a search by a vector or text index finds, the best first.
    ///
    /// # Errors
    /// `InvalidData` where the property is not what the index was declared for any more.
    async fn search(&self, table: TableId, search: &IndexSearch) -> Result<Vec<SearchHit>>;

    /// What incremental loads have taken into `table`.
    ///
    /// # Errors
    /// Those of the storage.
    async fn loaded(&self, _table: TableId) -> Result<LoadState> {
        Ok(LoadState::default())
    }

    /// The incidences of `role` of the hyperedge table `table` whose members lie in the segment `key`.
    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>>;

    /// The lengths of the lists of [`Self::incidences`]: a segment that may have offsets alone, and be cheaper to read.
    async fn degrees(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        self.incidences(table, role, key).await
    }

    /// Which lists of [`Self::incidences`], of all types and roles, the members of the segment `key` occur in.
    async fn list_directory(&self, key: SegmentKey) -> Result<Arc<ListDirectory>> {
        let tables = self.schema().hyperedge_tables();
        let lists = tables.flat_map(|(table, ty)| {
            let roles = ty.roles.iter();
            roles.map(|role| (table.id, role.name.clone()))
        });
        let lists: Vec<(TableId, String)> = lists.collect();
        let lengths = lists.into_iter().map(|(table, role)| async move {
            let segment = self.degrees(table, &role, key).await?;
            Ok::<_, Error>((table, role, segment))
        });
        let lengths = futures::stream::iter(lengths).buffered(LISTS_AT_ONCE);
        Ok(Arc::new(ListDirectory::of(lengths.try_collect().await?)))
    }

    /// The offsets of `table` that a segment may hold, for readers that walk a table by segments.
    fn segment_offsets(&self, key: SegmentKey) -> Range<u64> {
        let next = self
            .statistics()
            .tables
            .get(&key.table)
            .map_or(0, |statistics| statistics.next_offset);
        let start = key.segment << self.segment_shift();
        start.min(next)..(start + (1 << self.segment_shift())).min(next)
    }
}
