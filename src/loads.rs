//! Loads: rows of tables and files become nodes and hyperedges, in one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use grism_core::{
    ChangeSet, Error, LoadState, Result, Snapshot, SnapshotId, SnapshotSelector, Turn,
};
use grism_engine::CommitAttempts;
use grism_storage::{
    ImportSource, IncrementalLoad, LoadOptions, LoadPreview, LoadReport, LoadTarget, MissingMember,
    RoleSource, load_into, preview,
};

use crate::Graph;
use crate::graph::limited;

impl Graph {
    /// Loads rows as one commit; again on the new snapshot where another writer was first. Where nothing changes, nothing is
    /// committed. An incremental load of many files is several commits.
    ///
    /// # Errors
    /// As [`grism_storage::load_into`] and [`IncrementalLoad::next`]; `Conflict` for a stream, which cannot be read again.
    pub async fn load(
        &self,
        target: &LoadTarget,
        source: impl Into<ImportSource>,
        options: &LoadOptions,
    ) -> Result<LoadReport> {
        let start = Instant::now();
        let graph = self.within(options.memory_limit);
        let mut report = match &options.incremental {
            Some(incremental) => {
                let source = source.into();
                let load = IncrementalLoad::new(target, source, incremental, options).await?;
                graph.load_steps(load, options).await?
            }
            None => graph.load_once(target, source.into(), options).await?,
        };
        report.elapsed = start.elapsed();
        Ok(report)
    }

    async fn load_once(
        &self,
        target: &LoadTarget,
        source: ImportSource,
        options: &LoadOptions,
    ) -> Result<LoadReport> {
        let mut attempts = CommitAttempts::of(&self.storage);
        let mut source = source;
        loop {
            options.progress.restart();
            let again = source.again();
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
            let (changes, mut report) = load_into(&snapshot, target, source, options).await?;
            let committed = self.commit_loaded(&snapshot, changes, turn, options).await;
            match (committed, again) {
                (Err(error), Some(again)) if attempts.may_retry(&error) => source = again,
                (Err(error), _) => return Err(error),
                (Ok(snapshot), _) => {
                    report.snapshot = Some(snapshot);
                    return Ok(report);
                }
            }
        }
    }

    /// Checks a load and shows what it would do, without doing it.
    ///
    /// # Errors
    /// As [`Self::load`], but for what only all rows show.
    pub async fn preview(
        &self,
        target: &LoadTarget,
        source: impl Into<ImportSource>,
        options: &LoadOptions,
    ) -> Result<LoadPreview> {
        let storage = limited(&self.storage, options.memory_limit);
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
        preview(&snapshot, target, source.into(), options).await
    }

    async fn load_steps(
        &self,
        mut load: IncrementalLoad,
        options: &LoadOptions,
    ) -> Result<LoadReport> {
        options.progress.restart();
        loop {
            let mut attempts = CommitAttempts::of(&self.storage);
            let committed = loop {
                let turn = attempts.next().await?;
                let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
                let Some(changes) = load.next(&snapshot).await? else {
                    return Ok(load.finish(snapshot.id()));
                };
                match self.commit_loaded(&snapshot, changes, turn, options).await {
                    Err(error) if attempts.may_retry(&error) => {}
                    committed => break committed?,
                }
            };
            load.committed(committed)?;
        }
    }

    /// Commits what a load made of `snapshot`, unless that is nothing.
    async fn commit_loaded(
        &self,
        snapshot: &Arc<dyn Snapshot>,
        mut changes: ChangeSet,
        turn: Option<Turn>,
        options: &LoadOptions,
    ) -> Result<SnapshotId> {
        if changes.is_nothing(snapshot.as_ref()) {
            return Ok(snapshot.id());
        }
        changes.turn = turn;
        changes.cancellation = options.progress.cancellation();
        self.storage.commit(changes).await
    }

    /// What incremental loads have taken into the nodes of a label, or the hyperedges of a type.
    ///
    /// # Errors
    /// `NotFound` for an unknown label or type.
    pub async fn loaded(&self, name: &str) -> Result<LoadState> {
        let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
        let schema = snapshot.schema();
        let own = schema.hyperedge_table(name).map(|(table, _)| table);
        let own = own.or_else(|| schema.node_table(&[name.to_owned()]));
        match own.map(|table| table.id) {
            Some(table) => snapshot.loaded(table).await,
            None if schema.labels().contains(&name) => Ok(LoadState::default()),
            None => Err(Error::not_found(format!(
                "there is no label and no hyperedge type `{name}`"
            ))),
        }
    }

    /// What a load by a key adds to: the hyperedges of the type `name`, where there is one, or nodes. For hyperedges the key is one of the options.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn target_by_key(
        &self,
        name: &str,
        key: &str,
        options: &mut LoadOptions,
    ) -> Result<LoadTarget> {
        let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
        let (name, key) = (name.to_owned(), key.to_owned());
        if snapshot.schema().hyperedge_table(&name).is_none() {
            return Ok(LoadTarget::Nodes { label: name, key });
        }
        options.key = Some(key);
        let roles = BTreeMap::new();
        Ok(LoadTarget::Hyperedges { name, roles })
    }

    /// Adds a node with `label` for each row, known by its `key`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_nodes(
        &self,
        label: &str,
        source: impl Into<ImportSource>,
        key: &str,
    ) -> Result<LoadReport> {
        let target = LoadTarget::Nodes {
            label: label.to_owned(),
            key: key.to_owned(),
        };
        self.load(&target, source, &LoadOptions::default()).await
    }

    /// Adds a hyperedge of the type `name` for each row.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_hyperedges(
        &self,
        name: &str,
        source: impl Into<ImportSource>,
        roles: &BTreeMap<String, RoleSource>,
        missing: MissingMember,
    ) -> Result<LoadReport> {
        let target = LoadTarget::Hyperedges {
            name: name.to_owned(),
            roles: roles.clone(),
        };
        let options = LoadOptions {
            missing,
            ..LoadOptions::default()
        };
        self.load(&target, source, &options).await
    }
}
