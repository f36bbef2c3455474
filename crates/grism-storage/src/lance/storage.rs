//! `LanceStorage`: the snapshots of a graph, and the commit.

use std::any::Any;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use fail::fail_point;
use grism_core::{
    BatchStream, ChangeSet, CommitSummary, Error, ErrorKind, Maintenance, MemoryManager, Result,
    RowOrigin, Snapshot, SnapshotId, SnapshotInfo, SnapshotSelector, Storage, StorageDescriptor,
    TimeTravel, Turn,
};
use lance_table::format::is_detached_version;

use super::stage::stage;
use crate::clock::now;
use crate::constraints::{Base, CommitChecks, History, KeyCache};
use crate::import::outside_rows;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::{SnapshotEntry, SnapshotLog};
use crate::lance::place::at_once::all_at_once;
use crate::lance::place::root::Root;
use crate::lance::place::turn::Turns;
use crate::lance::reading::open_graph::OpenGraph;
use crate::lance::reading::open_table::OpenDatasets;
use crate::lance::reading::snapshot::LanceSnapshot;
use crate::lance::rows::dataset::publish_main_line;
use crate::rebase::{State, built_anew, check_base, joined, rebase};

/// A graph of Lance datasets, in a directory or in an object store. Copies are handles on the same graph.
#[derive(Clone, Debug)]
pub struct LanceStorage {
    pub(super) root: Root,
    pub(super) log: Arc<SnapshotLog>,
    pub(super) open: Arc<OpenGraph>,
    pub(super) turns: Arc<Turns>,
    /// Keys that constraints compare.
    pub(super) keys: Arc<KeyCache>,
}

impl LanceStorage {
    pub(super) async fn find(&self, which: SnapshotSelector) -> Result<Arc<LanceSnapshot>> {
        let found = self.found(which).await?;
        let memory = self.root.resources().memory();
        if Arc::ptr_eq(memory, found.memory()) {
            return Ok(found);
        }
        Ok(Arc::new(found.within(memory)))
    }

    /// The snapshot as the process reads it.
    async fn found(&self, which: SnapshotSelector) -> Result<Arc<LanceSnapshot>> {
        let end = self.log.latest().await;
        let end = end.inspect_err(|_| self.open.clear())?;
        let graph = self.open.graph(&self.root, &self.log, end.graph).await?;
        let id = match which {
            SnapshotSelector::Newest => end.id,
            SnapshotSelector::At(id) => id,
        };
        if let Some(known) = self.open.snapshot(id) {
            return Ok(known);
        }
        let entry = match self.log.read(id).await {
            // VACUUM may have dropped what was the newest a moment ago.
            Err(error) if which.is_latest() && error.kind() == ErrorKind::NotFound => {
                self.log.read(self.log.latest().await?.id).await?
            }
            other => other?,
        };
        let nearest = self.open.nearest(entry.id);
        let (nearest, none) = (nearest.as_deref(), OpenDatasets::new());
        // It stays open for others, when this handle and its memory are gone.
        let root = self.root.common();
        let opened = LanceSnapshot::open(&root, graph, entry, nearest, &none);
        let snapshot = Arc::new(opened.await?);
        self.open.keep(&snapshot);
        Ok(snapshot)
    }

    /// Lets go of snapshots that were dropped.
    pub(super) fn forget(&self, dropped: &[SnapshotId]) {
        self.open.forget(dropped);
    }

    /// Moves changes that were made on an older snapshot onto `newest`.
    async fn moved(
        &self,
        steps: Vec<ChangeSet>,
        base: SnapshotId,
        newest: &SnapshotEntry,
    ) -> Result<Vec<ChangeSet>> {
        if base > newest.id {
            return Err(built_anew());
        }
        let mut between = Vec::new();
        for number in base.0 + 1..=newest.id.0 {
            between.push(self.log.summary(SnapshotId(number)).await?);
        }
        let base = match self.log.read(base).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::conflict(format!(
                    "the graph is at snapshot {}, and VACUUM dropped snapshot {base}, which the changes were made on",
                    newest.id
                )));
            }
            other => other?,
        };
        rebase(steps, &state(&base), &state(newest), &between)
    }

    fn checks(&self) -> CommitChecks<'_> {
        CommitChecks {
            keys: &self.keys,
            history: self,
        }
    }

    /// The graph of `entry`, which is staged on `before`.
    async fn staged_snapshot(
        &self,
        before: &LanceSnapshot,
        entry: &SnapshotEntry,
    ) -> Result<Arc<dyn Snapshot>> {
        let (graph, none) = (before.graph.clone(), OpenDatasets::new());
        let opened =
            LanceSnapshot::open(&self.root, graph, entry.clone(), Some(before), &none).await?;
        Ok(Arc::new(opened))
    }

    /// Publishes `entry` as the snapshot behind `before`, which must be the newest one.
    pub(super) async fn publish(
        &self,
        before: &SnapshotEntry,
        mut entry: SnapshotEntry,
        summary: CommitSummary,
    ) -> Result<SnapshotEntry> {
        entry.id = SnapshotId(before.id.0 + 1);
        // The times of a history ascend, whatever the clocks of its writers say.
        entry.committed_at = now().max(before.committed_at + 1);
        entry.commit = uuid::Uuid::new_v4().to_string();
        entry.summary = summary;
        // What was staged on a graph that is gone must not become a snapshot of another one in its place.
        let newest = self.find(SnapshotSelector::Newest).await?;
        if newest.id() == before.id && newest.commit() != before.commit {
            return Err(built_anew());
        }
        self.log.publish(&entry).await?;
        Ok(entry)
    }

    /// Brings the main lines of the datasets to `entry`, those that `before` has as they are left out, for readers that
    /// know Lance alone.
    pub(super) async fn publish_main_lines(
        &self,
        before: Option<&SnapshotEntry>,
        entry: &SnapshotEntry,
    ) {
        let known: HashSet<_> = before
            .into_iter()
            .flat_map(SnapshotEntry::datasets)
            .collect();
        // The first version of a dataset is on its main line already.
        let behind = |dataset: &DatasetVersion| {
            is_detached_version(dataset.version) && !known.contains(dataset)
        };
        let datasets: BTreeSet<DatasetVersion> = entry.datasets().cloned().collect();
        let published = datasets.into_iter().filter(behind).map(|dataset| {
            let root = self.root.clone();
            async move {
                if let Err(error) = publish_main_line(&root, &dataset).await {
                    tracing::warn!(path = dataset.path, %error, "the main line of a dataset stays behind the snapshot");
                }
                Ok(())
            }
        });
        if let Err(error) = all_at_once(published.collect()).await {
            tracing::warn!(%error, "main lines of datasets stay behind the snapshot");
        }
    }
}

fn lance_snapshot(snapshot: &Arc<dyn Snapshot>) -> Option<&LanceSnapshot> {
    let snapshot: &dyn Any = snapshot.as_ref();
    snapshot.downcast_ref()
}

fn state(entry: &SnapshotEntry) -> State<'_> {
    State {
        id: entry.id,
        commit: &entry.commit,
        schema: &entry.schema,
        statistics: &entry.statistics,
    }
}

#[async_trait]
impl History for LanceStorage {
    async fn since(
        &self,
        id: SnapshotId,
        commit: &str,
        newest: SnapshotId,
    ) -> Result<Option<Vec<CommitSummary>>> {
        /// So many commits of others are read; where there are more, the graph is.
        const MOST: u64 = 256;
        if newest < id || newest.0 - id.0 > MOST {
            return Ok(None);
        }
        match self.log.read(id).await {
            Ok(entry) if entry.commit == commit => {}
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => return Ok(None),
        }
        let mut between = Vec::new();
        for number in id.0 + 1..=newest.0 {
            match self.log.summary(SnapshotId(number)).await {
                // Another graph was built in the place of the one that had it.
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                summary => between.push(summary?),
            }
        }
        Ok(Some(between))
    }
}

#[async_trait]
impl Storage for LanceStorage {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: self.root.uri().to_owned(),
            options: self.root.options().clone(),
        }
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.root.resources().memory()
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            root: self.root.within(memory),
            ..self.clone()
        })
    }

    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        Ok(self.find(which).await?)
    }

    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        let turn = match steps.iter().find_map(|step| step.turn.clone()) {
            Some(turn) => turn,
            None => self.turn().await?,
        };
        fail_point!("commit-begins");
        let newest = self.find(SnapshotSelector::Newest).await?;
        newest.graph.upgrade(&self.root).await?;
        let (before, options) = (newest.entry(), newest.graph.options);
        let base = steps.first().map_or(before.id, |step| step.base);
        let is_moved = base != before.id;
        let mut steps = steps;
        let mut staged = staged.as_ref().and_then(lance_snapshot);
        if is_moved {
            staged = None;
            steps = self.moved(steps, base, before).await?;
        } else {
            check_base(&steps, &state(before))?;
        }
        if let Some(own) = staged {
            // A transaction may have been open for longer than VACUUM leaves files that no snapshot names.
            let known: HashSet<_> = before.datasets().collect();
            if !self.is_there(own, &known).await? {
                staged = None;
            }
        }
        let summary = joined(&steps);
        let entry = match staged {
            Some(staged) => staged.entry().clone(),
            None => {
                let mut entry = before.clone();
                for step in &steps {
                    entry = stage(&self.root, options, &entry, step).await?.entry;
                }
                entry
            }
        };
        let base = if is_moved { Base::Moved } else { Base::Kept };
        let known = staged.and_then(|staged| staged.new_keys.clone());
        let after = self.staged_snapshot(&newest, &entry);
        let checks = self.checks();
        let new_keys = checks.commit(newest.as_ref(), &steps, base, known, after);
        let new_keys = new_keys.await?;
        fail_point!("commit-staged");
        let entry = self.publish(before, entry, summary).await?;
        let after = state(&entry);
        self.keys
            .committed(newest.as_ref(), &after, &new_keys)
            .await;
        drop((turn, steps));
        if let Some(staged) = staged {
            let common = self.root.common();
            let published = staged.published(entry.clone());
            let published = published.within(common.resources().memory());
            self.open.keep(&Arc::new(published));
        }
        // A commit that came in between brings the main lines further.
        if self.log.latest().await.is_ok_and(|end| end.id == entry.id) {
            self.publish_main_lines(Some(before), &entry).await;
        }
        Ok(entry.id)
    }

    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        let base =
            lance_snapshot(base).ok_or_else(|| Error::internal("a snapshot of another storage"))?;
        let graph = base.graph.clone();
        graph.upgrade(&self.root).await?;
        let staged = stage(&self.root, graph.options, base.entry(), changes).await?;
        let (entry, opened) = (staged.entry, staged.opened);
        let mut staged = LanceSnapshot::open(&self.root, graph, entry, Some(base), &opened).await?;
        let earlier = base.new_keys.as_deref();
        let new_keys = self.checks().step(base, earlier, changes, &staged).await?;
        staged.new_keys = Some(new_keys);
        Ok(Arc::new(staged))
    }

    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        outside_rows(source, self.root.options(), self.memory()).await
    }

    async fn check_there(&self, snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        let end = self.log.latest().await?;
        self.open.graph(&self.root, &self.log, end.graph).await?;
        match lance_snapshot(snapshot) {
            Some(snapshot) if !self.open.holds(snapshot) => Err(self.log.gone()),
            _ => Ok(()),
        }
    }

    async fn turn(&self) -> Result<Turn> {
        self.turns.take(&self.root).await
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }

    fn time_travel(&self) -> Option<&dyn TimeTravel> {
        Some(self)
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        let history = self.log.history().await?;
        let open = history.into_iter().filter(|(_, dropped)| !dropped);
        Ok(open.map(|(info, _)| info).collect())
    }
}
