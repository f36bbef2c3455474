//! `InMemoryStorage`: the line of snapshots and the commit.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use grism_core::{
    BatchStream, ChangeSet, CommitSummary, DEFAULT_SEGMENT_SHIFT, Error, MemoryManager,
    PoolMemoryManager, Result, RowOrigin, Snapshot, SnapshotId, SnapshotInfo, SnapshotSelector,
    Storage, StorageDescriptor,
};
use tokio::sync::Mutex;

use super::snapshot::MemorySnapshot;
use crate::clock::now;
use crate::constraints::{Base, CommitChecks, History, KeyCache};
use crate::import::outside_rows;
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

/// A graph that lives in this process, and goes with it. Copies are handles on the same graph.
#[derive(Clone, Debug)]
pub struct InMemoryStorage {
    uri: String,
    snapshots: Arc<RwLock<Vec<Line>>>,
    /// Held by the one that commits.
    commits: Arc<Mutex<()>>,
    keys: Arc<KeyCache>,
    /// What work through this handle is charged to.
    memory: Arc<dyn MemoryManager>,
}

impl Default for InMemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl InMemoryStorage {
    /// An empty graph, which is the only one that counts in its process's memory: several share one in a
    /// [`Catalog`](crate::Catalog).
    #[must_use]
    pub fn new() -> Self {
        Self::with_layout(DEFAULT_SEGMENT_SHIFT, 1 << 16)
    }

    /// An empty graph in a process with this memory.
    #[must_use]
    pub fn within(memory: Arc<dyn MemoryManager>) -> Self {
        Self::laid_out(DEFAULT_SEGMENT_SHIFT, 1 << 16, memory)
    }

    /// The same graph under a `memory://` URI.
    #[must_use]
    pub(crate) fn named(self, uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            ..self
        }
    }

    /// An empty graph whose segments hold `2^segment_shift` offsets and whose fragments hold `fragment_rows` rows;
    /// tests make both small.
    #[must_use]
    pub fn with_layout(segment_shift: u8, fragment_rows: usize) -> Self {
        let memory = Arc::new(PoolMemoryManager::of_process());
        Self::laid_out(segment_shift, fragment_rows, memory)
    }

    fn laid_out(segment_shift: u8, fragment_rows: usize, memory: Arc<dyn MemoryManager>) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let rows = fragment_rows.max(1);
        let first = MemorySnapshot::empty(segment_shift, rows, Arc::clone(&memory));
        let uri = format!("memory://{}-{number}", std::process::id());
        Self::of(first, uri, memory)
    }

    fn of(first: MemorySnapshot, uri: String, memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            uri,
            snapshots: Arc::new(RwLock::new(vec![Line::first(first)])),
            commits: Arc::default(),
            keys: KeyCache::new(&memory),
            memory,
        }
    }

    /// The snapshot as bytes that [`InMemoryStorage::from_image`] reads in another process.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub fn image(&self, id: SnapshotId) -> Result<Vec<u8>> {
        self.find(id.into())?.to_image()
    }

    /// A graph of one snapshot, read from its image, in a process with this memory.
    ///
    /// # Errors
    /// `InvalidData` where the bytes are no image.
    pub fn from_image(image: &[u8], memory: Arc<dyn MemoryManager>) -> Result<Self> {
        let snapshot = MemorySnapshot::from_image(image, Arc::clone(&memory))?;
        let uri = format!("memory://image-{}", std::process::id());
        Ok(Self::of(snapshot, uri, memory))
    }

    /// Moves changes that were made on an older snapshot onto `newest`.
    fn moved(
        &self,
        steps: Vec<ChangeSet>,
        base: SnapshotId,
        newest: &MemorySnapshot,
    ) -> Result<Vec<ChangeSet>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let later = snapshots.iter().filter(|line| line.snapshot.id() > base);
        let between: Vec<CommitSummary> = later.map(|line| line.summary.clone()).collect();
        let base = snapshots.iter().find(|line| line.snapshot.id() == base);
        let base = base.ok_or_else(built_anew)?;
        rebase(steps, &state(&base.snapshot), &state(newest), &between)
    }

    fn checks(&self) -> CommitChecks<'_> {
        CommitChecks {
            keys: &self.keys,
            history: self,
        }
    }

    /// Makes `next` the newest snapshot, for every handle.
    fn push(&self, next: MemorySnapshot, summary: CommitSummary) {
        let mut snapshots = self
            .snapshots
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let before = snapshots
            .last()
            .map_or(i64::MIN + 1, |line| line.committed_at);
        snapshots.push(Line {
            snapshot: Arc::new(next),
            committed_at: now().max(before + 1),
            summary,
        });
    }

    fn find(&self, which: SnapshotSelector) -> Result<Arc<MemorySnapshot>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let found = match which {
            SnapshotSelector::Newest => snapshots.last(),
            SnapshotSelector::At(id) => snapshots.iter().find(|line| line.snapshot.id() == id),
        };
        let found = found.ok_or_else(|| Error::not_found(format!("there is no {which}")))?;
        if Arc::ptr_eq(&self.memory, found.snapshot.memory()) {
            return Ok(Arc::clone(&found.snapshot));
        }
        Ok(Arc::new(found.snapshot.within(&self.memory)))
    }
}

fn memory_snapshot(snapshot: &Arc<dyn Snapshot>) -> Option<&MemorySnapshot> {
    let snapshot: &dyn Any = snapshot.as_ref();
    snapshot.downcast_ref()
}

fn state(snapshot: &MemorySnapshot) -> State<'_> {
    State {
        id: snapshot.id(),
        commit: snapshot.commit(),
        schema: snapshot.schema(),
        statistics: snapshot.statistics(),
    }
}

#[async_trait]
impl History for InMemoryStorage {
    async fn since(
        &self,
        id: SnapshotId,
        commit: &str,
        newest: SnapshotId,
    ) -> Result<Option<Vec<CommitSummary>>> {
        let snapshots = self
            .snapshots
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let is_known = snapshots
            .iter()
            .any(|line| line.snapshot.id() == id && line.snapshot.commit() == commit);
        let between = snapshots
            .iter()
            .filter(|line| line.snapshot.id() > id && line.snapshot.id() <= newest);
        Ok(is_known.then(|| between.map(|line| line.summary.clone()).collect()))
    }
}

#[async_trait]
impl Storage for InMemoryStorage {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: self.uri.clone(),
            options: BTreeMap::new(),
        }
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            memory,
            ..self.clone()
        })
    }

    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        Ok(self.find(which)?)
    }

    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        let _commit = self.commits.lock().await;
        let newest = self.find(SnapshotSelector::Newest)?;
        let base = steps.first().map_or(newest.id(), |step| step.base);
        let is_moved = base != newest.id();
        let steps = if is_moved {
            self.moved(steps, base, &newest)?
        } else {
            check_base(&steps, &state(&newest))?;
            steps
        };
        let staged = staged.as_ref().and_then(memory_snapshot);
        let staged = staged.filter(|_| !is_moved);
        let mut next = match staged {
            Some(staged) => Arc::new(staged.clone()),
            None => Arc::clone(&newest),
        };
        let unstaged = if staged.is_some() { &[][..] } else { &steps };
        for step in unstaged {
            next = Arc::new(next.with_changes(step)?);
        }
        let base = if is_moved { Base::Moved } else { Base::Kept };
        let known = staged.and_then(|staged| staged.new_keys.clone());
        let after = Arc::clone(&next);
        let after = async move { Ok(after as Arc<dyn Snapshot>) };
        let checks = self.checks();
        let new_keys = checks.commit(newest.as_ref(), &steps, base, known, after);
        let new_keys = new_keys.await?;
        let mut next = Arc::unwrap_or_clone(next);
        // It is there for others, when this handle and its memory are gone.
        next.memory = Arc::clone(self.keys.memory());
        next.new_keys = None;
        next.id = SnapshotId(newest.id().0 + 1);
        next.commit = uuid::Uuid::new_v4().to_string();
        let id = next.id;
        self.keys
            .committed(newest.as_ref(), &state(&next), &new_keys)
            .await;
        self.push(next, joined(&steps));
        Ok(id)
    }

    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        let base = memory_snapshot(base)
            .ok_or_else(|| Error::internal("a snapshot of another storage"))?;
        let mut staged = base.with_changes(changes)?;
        let earlier = base.new_keys.as_deref();
        let new_keys = self.checks().step(base, earlier, changes, &staged).await?;
        staged.new_keys = Some(new_keys);
        Ok(Arc::new(staged))
    }

    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        outside_rows(source, &BTreeMap::new(), &self.memory).await
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
