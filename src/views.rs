//! Storages over a storage: a graph at one snapshot, and a graph within a transaction.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use grism_core::{
    BatchStream, ChangeSet, Error, MemoryManager, Result, RowOrigin, Snapshot, SnapshotId,
    SnapshotInfo, SnapshotSelector, Storage, StorageDescriptor, Turn,
};

/// A graph as it was at one snapshot, which is only read.
#[derive(Clone, Debug)]
pub(crate) struct PinnedStorage {
    inner: Arc<dyn Storage>,
    snapshot: SnapshotId,
    /// The commit that made the snapshot.
    commit: String,
}

impl PinnedStorage {
    pub(crate) fn new(inner: Arc<dyn Storage>, snapshot: &dyn Snapshot) -> Self {
        Self {
            inner,
            snapshot: snapshot.id(),
            commit: snapshot.commit().to_owned(),
        }
    }

    /// The snapshot, unless the graph that it is of is gone.
    async fn pinned(&self) -> Result<Arc<dyn Snapshot>> {
        let snapshot = self.inner.snapshot(self.snapshot.into()).await?;
        if snapshot.commit() == self.commit {
            return Ok(snapshot);
        }
        Err(Error::not_found(format!(
            "the graph whose snapshot {} was opened is gone: another was built at {}",
            self.snapshot,
            self.inner.descriptor().uri
        )))
    }

    fn refused(&self) -> Error {
        Error::invalid_query(format!(
            "the graph was opened at snapshot {}, which cannot be written to",
            self.snapshot
        ))
    }
}

#[async_trait]
impl Storage for PinnedStorage {
    fn descriptor(&self) -> StorageDescriptor {
        self.inner.descriptor()
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.inner.memory()
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            inner: self.inner.with_memory(memory),
            ..self.clone()
        })
    }

    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        let pinned = self.pinned().await?;
        if which.is_latest() || which == self.snapshot.into() {
            return Ok(pinned);
        }
        self.inner.snapshot(which).await
    }

    async fn commit_steps(
        &self,
        _steps: Vec<ChangeSet>,
        _staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        Err(self.refused())
    }

    async fn stage(
        &self,
        _base: &Arc<dyn Snapshot>,
        _changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        Err(self.refused())
    }

    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        self.inner.rows(source).await
    }

    async fn turn(&self) -> Result<Turn> {
        Err(self.refused())
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        self.pinned().await?;
        let mut history = self.inner.history().await?;
        history.retain(|info| info.id <= self.snapshot);
        Ok(history)
    }

    fn image(&self, id: SnapshotId) -> Option<Result<Vec<u8>>> {
        self.inner.image(id)
    }
}

/// A graph within a transaction: each commit is a step of it, and what is read is what the steps made. Copies are handles on the same transaction.
#[derive(Clone, Debug)]
pub(crate) struct TransactionStorage {
    inner: Arc<dyn Storage>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    current: Arc<dyn Snapshot>,
    steps: Vec<ChangeSet>,
    /// Set by the end of the transaction.
    is_over: bool,
}

impl TransactionStorage {
    pub(crate) fn new(inner: Arc<dyn Storage>, base: Arc<dyn Snapshot>) -> Self {
        Self {
            inner,
            state: Arc::new(Mutex::new(State {
                current: base,
                steps: Vec::new(),
                is_over: false,
            })),
        }
    }

    fn state(&self) -> Result<std::sync::MutexGuard<'_, State>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_over {
            return Err(Error::invalid_query("the transaction has ended"));
        }
        Ok(state)
    }

    /// Ends the transaction: its steps, and the graph with them.
    pub(crate) fn end(&self) -> Result<(Vec<ChangeSet>, Arc<dyn Snapshot>)> {
        let mut state = self.state()?;
        state.is_over = true;
        Ok((std::mem::take(&mut state.steps), Arc::clone(&state.current)))
    }
}

#[async_trait]
impl Storage for TransactionStorage {
    fn descriptor(&self) -> StorageDescriptor {
        self.inner.descriptor()
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.inner.memory()
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            inner: self.inner.with_memory(memory),
            ..self.clone()
        })
    }

    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        let current = Arc::clone(&self.state()?.current);
        self.inner.check_there(&current).await?;
        if which.is_latest() || which == current.id().into() {
            return Ok(current.with_memory(Arc::clone(self.memory())));
        }
        self.inner.snapshot(which).await
    }

    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        _staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        for step in steps {
            let current = Arc::clone(&self.state()?.current);
            self.inner.check_there(&current).await?;
            let staged = self.inner.stage(&current, &step).await?;
            let mut state = self.state()?;
            if !Arc::ptr_eq(&state.current, &current) {
                return Err(Error::conflict("two steps of one transaction at once"));
            }
            state.current = staged;
            state.steps.push(step);
        }
        Ok(self.state()?.current.id())
    }

    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        drop(self.state()?);
        self.inner.stage(base, changes).await
    }

    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        self.inner.rows(source).await
    }

    async fn check_there(&self, snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        self.inner.check_there(snapshot).await
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        drop(self.state()?);
        self.inner.history().await
    }

    fn image(&self, _id: SnapshotId) -> Option<Result<Vec<u8>>> {
        let message = "a query on Ray within a transaction, whose changes no other process sees";
        Some(Err(Error::unsupported(message)))
    }
}

#[cfg(test)]
mod tests {
    use grism_core::ErrorKind;
    use grism_storage::InMemoryStorage;

    use super::*;

    async fn newest(storage: &dyn Storage) -> Arc<dyn Snapshot> {
        storage.snapshot(SnapshotSelector::Newest).await.unwrap()
    }

    /// Changes on the newest snapshot that add a table of nodes.
    async fn with_label(storage: &dyn Storage, label: &str) -> ChangeSet {
        let base = newest(storage).await;
        let mut changes = ChangeSet::new(base.as_ref(), (**base.schema()).clone());
        let labels = [label.to_owned()];
        changes.schema.ensure_node_table(&labels).unwrap();
        changes
    }

    fn labels(snapshot: &dyn Snapshot) -> Vec<String> {
        let labels = snapshot.schema().labels();
        labels.into_iter().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_pinned_graph_stays_as_it_was_and_is_only_read() {
        let inner: Arc<dyn Storage> = Arc::new(InMemoryStorage::new());
        inner
            .commit(with_label(inner.as_ref(), "A").await)
            .await
            .unwrap();
        let pinned = PinnedStorage::new(Arc::clone(&inner), newest(inner.as_ref()).await.as_ref());
        inner
            .commit(with_label(inner.as_ref(), "B").await)
            .await
            .unwrap();
        assert_eq!(labels(newest(&pinned).await.as_ref()), ["A"]);
        assert_eq!(labels(newest(inner.as_ref()).await.as_ref()), ["A", "B"]);
        let history = pinned.history().await.unwrap();
        assert_eq!(history.last().unwrap().id, newest(&pinned).await.id());
        let refused = pinned.commit(with_label(&pinned, "C").await).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidQuery);
        assert!(pinned.turn().await.is_err());
        let base = newest(&pinned).await;
        assert!(
            pinned
                .stage(&base, &with_label(&pinned, "C").await)
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn a_pinned_snapshot_is_not_one_of_its_number_of_another_graph() {
        let [first, second] = [InMemoryStorage::new(), InMemoryStorage::new()];
        first.commit(with_label(&first, "A").await).await.unwrap();
        second.commit(with_label(&second, "A").await).await.unwrap();
        let foreign = newest(&second).await;
        let pinned = PinnedStorage::new(Arc::new(first), foreign.as_ref());
        let error = pinned.snapshot(SnapshotSelector::Newest).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            pinned.history().await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
    }

    #[tokio::test]
    async fn steps_of_a_transaction_are_seen_within_it_and_kept_in_order() {
        let inner: Arc<dyn Storage> = Arc::new(InMemoryStorage::new());
        let base = newest(inner.as_ref()).await;
        let own = TransactionStorage::new(Arc::clone(&inner), base);
        own.commit(with_label(&own, "A").await).await.unwrap();
        own.commit(with_label(&own, "B").await).await.unwrap();
        assert_eq!(labels(newest(&own).await.as_ref()), ["A", "B"]);
        assert!(labels(newest(inner.as_ref()).await.as_ref()).is_empty());
        let (steps, staged) = own.end().unwrap();
        assert_eq!(steps.len(), 2);
        inner.commit_steps(steps, Some(staged)).await.unwrap();
        assert_eq!(labels(newest(inner.as_ref()).await.as_ref()), ["A", "B"]);
        // Nothing can be done with it any more.
        assert_eq!(own.end().err().unwrap().kind(), ErrorKind::InvalidQuery);
        assert!(own.snapshot(SnapshotSelector::Newest).await.is_err());
        assert!(own.history().await.is_err());
    }
}
