//! `InMemoryStorage`: the line of snapshots and the commit.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use grism_core::{
    BatchStream, ChangeSet, CommitSummary, CsvFile, DEFAULT_SEGMENT_SHIFT, Error, Result, Snapshot,
    SnapshotId, SnapshotInfo, Storage, StorageDescriptor,
};

use super::snapshot::MemorySnapshot;
use crate::import::csv_records;
use crate::rebase::{State, built_anew, check_base, joined, rebase};

/// One snapshot of the history.
#[derive(Debug)]
struct Line {
    snapshot: Arc<MemorySnapshot>,
    committed_at: i64,
    summary: CommitSummary,
}

impl Line {
    fn first(snapshot: MemorySnapshot) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            committed_at: now(),
            summary: CommitSummary {
                operation: "create".to_owned(),
                ..CommitSummary::default()
            },
        }
    }
}

/// A graph that lives in this process, and goes with it.
#[derive(Debug)]
pub struct InMemoryStorage {
    uri: String,
    snapshots: RwLock<Vec<Line>>,
}

impl Default for InMemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl InMemoryStorage {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::with_layout(DEFAULT_SEGMENT_SHIFT, 1 << 16)
    }

    /// An empty graph under a `memory://` URI.
    #[must_use]
    pub fn named(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            ..Self::new()
        }
    }

    /// An empty graph whose segments hold `2^segment_shift` offsets and whose fragments hold `fragment_rows` rows;
    /// tests make both small.
    #[must_use]
    pub fn with_layout(segment_shift: u8, fragment_rows: usize) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let first = MemorySnapshot::empty(segment_shift, fragment_rows.max(1));
        Self {
            uri: format!("memory://{}-{number}", std::process::id()),
            snapshots: RwLock::new(vec![Line::first(first)]),
        }
    }

    /// The snapshot as bytes that [`InMemoryStorage::from_image`] reads in another process.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub fn image(&self, id: SnapshotId) -> Result<Vec<u8>> {
        self.find(id)?.to_image()
    }

    /// A graph of one snapshot, read from its image.
    ///
    /// # Errors
    /// `InvalidData` where the bytes are no image.
    pub fn from_image(image: &[u8]) -> Result<Self> {
        let snapshot = MemorySnapshot::from_image(image)?;
        let uri = format!("memory://image-{}", std::process::id());
        Ok(Self {
            uri,
            snapshots: RwLock::new(vec![Line::first(snapshot)]),
        })
    }

    fn find(&self, id: SnapshotId) -> Result<Arc<MemorySnapshot>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let found = if id.is_latest() {
            snapshots.last()
        } else {
            snapshots.iter().find(|line| line.snapshot.id() == id)
        };
        found
            .map(|line| Arc::clone(&line.snapshot))
            .ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))
    }
}

fn state(snapshot: &MemorySnapshot) -> State<'_> {
    State {
        id: snapshot.id(),
        commit: snapshot.commit(),
        schema: snapshot.schema(),
        statistics: snapshot.statistics(),
    }
}

fn now() -> i64 {
    chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_millis()
}

#[async_trait]
impl Storage for InMemoryStorage {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: self.uri.clone(),
            options: BTreeMap::new(),
        }
    }

    async fn snapshot(&self, id: SnapshotId) -> Result<Arc<dyn Snapshot>> {
        Ok(self.find(id)?)
    }

    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        let mut snapshots = self
            .snapshots
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(newest) = snapshots.last() else {
            return Err(Error::internal("a graph without a snapshot"));
        };
        let (newest, committed_at) = (Arc::clone(&newest.snapshot), newest.committed_at);
        let base = steps.first().map_or(newest.id(), |step| step.base);
        let (mut steps, mut staged) = (steps, staged);
        if base == newest.id() {
            check_base(&steps, &state(&newest))?;
        } else {
            staged = None;
            let later = snapshots.iter().filter(|line| line.snapshot.id() > base);
            let between: Vec<CommitSummary> = later.map(|line| line.summary.clone()).collect();
            let base = snapshots.iter().find(|line| line.snapshot.id() == base);
            let base = base.ok_or_else(built_anew)?;
            steps = rebase(steps, &state(&base.snapshot), &state(&newest), &between)?;
        }
        let id = SnapshotId(newest.id().0 + 1);
        let staged: Option<&dyn Any> = staged.as_ref().map(|staged| staged.as_ref() as _);
        let mut next = match staged.and_then(|staged| staged.downcast_ref::<MemorySnapshot>()) {
            Some(staged) => staged.clone(),
            None => {
                let mut next = newest;
                for step in &steps {
                    next = Arc::new(next.with_changes(step)?);
                }
                Arc::unwrap_or_clone(next)
            }
        };
        next.id = id;
        next.commit = uuid::Uuid::new_v4().to_string();
        snapshots.push(Line {
            snapshot: Arc::new(next),
            committed_at: now().max(committed_at + 1),
            summary: joined(&steps),
        });
        Ok(id)
    }

    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        let base: &dyn Any = base.as_ref();
        let base = base
            .downcast_ref::<MemorySnapshot>()
            .ok_or_else(|| Error::internal("a snapshot of another storage"))?;
        Ok(Arc::new(base.with_changes(changes)?))
    }

    async fn csv_records(&self, file: &CsvFile) -> Result<BatchStream> {
        csv_records(file, &BTreeMap::new()).await
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let info = |line: &Line| SnapshotInfo {
            id: line.snapshot.id(),
            committed_at: line.committed_at,
            summary: line.summary.clone(),
        };
        Ok(snapshots.iter().map(info).collect())
    }

    fn image(&self, id: SnapshotId) -> Option<Result<Vec<u8>>> {
        Some(Self::image(self, id))
    }
}

/// Cuts batches into pieces of at most `rows` rows.
pub(super) fn cut(batches: &[RecordBatch], rows: usize) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    for batch in batches {
        let mut start = 0;
        while start < batch.num_rows() {
            let length = rows.min(batch.num_rows() - start);
            pieces.push(batch.slice(start, length));
            start += length;
        }
    }
    pieces
}
