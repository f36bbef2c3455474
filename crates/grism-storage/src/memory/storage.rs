//! `InMemoryStorage`: the line of snapshots and the commit.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use grism_core::{
    ChangeSet, DEFAULT_SEGMENT_SHIFT, Error, Result, Snapshot, SnapshotId, SnapshotInfo, Storage,
    StorageDescriptor,
};

use super::snapshot::MemorySnapshot;

/// A graph that lives in this process, and goes with it.
#[derive(Debug)]
pub struct InMemoryStorage {
    uri: String,
    snapshots: RwLock<Vec<(Arc<MemorySnapshot>, i64)>>,
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
            snapshots: RwLock::new(vec![(Arc::new(first), now())]),
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
            snapshots: RwLock::new(vec![(Arc::new(snapshot), now())]),
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
            snapshots.iter().find(|(snapshot, _)| snapshot.id() == id)
        };
        found
            .map(|(snapshot, _)| Arc::clone(snapshot))
            .ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))
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

    async fn commit(&self, changes: ChangeSet) -> Result<SnapshotId> {
        let base = self.find(SnapshotId::default())?;
        let conflict = |newest: SnapshotId| {
            Error::conflict(format!(
                "the graph is at snapshot {newest}, the changes were made on {}",
                changes.base
            ))
        };
        if base.id() != changes.base {
            return Err(conflict(base.id()));
        }
        let next = Arc::new(base.with_changes(&changes)?);
        let mut snapshots = self
            .snapshots
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Another writer may have come in while the next snapshot was made.
        match snapshots.last() {
            Some((newest, _)) if newest.id() != changes.base => Err(conflict(newest.id())),
            _ => {
                let id = next.id();
                snapshots.push((next, now()));
                Ok(id)
            }
        }
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let info = |(snapshot, at): &(Arc<MemorySnapshot>, i64)| SnapshotInfo {
            id: snapshot.id(),
            committed_at: *at,
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
