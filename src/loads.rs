//! Loads: rows of tables and files become nodes and hyperedges, in one commit.

use std::collections::BTreeMap;
use std::time::Instant;

use grism_core::{Result, SnapshotId};
use grism_storage::{
    ImportSource, LoadOptions, LoadPreview, LoadReport, LoadTarget, MemoryLimit, MissingMember,
    RoleSource, load_into, preview,
};

use crate::Graph;
use crate::attempts::Attempts;

impl Graph {
    /// Loads rows as one commit; again on the new snapshot where another writer was first.
    ///
    /// # Errors
    /// As [`grism_storage::load_into`]; `Conflict` for a stream, which cannot be read again.
    pub async fn load(
        &self,
        target: &LoadTarget,
        source: impl Into<ImportSource>,
        options: &LoadOptions,
    ) -> Result<LoadReport> {
        let start = Instant::now();
        let _limit = options.memory_limit.map(MemoryLimit::hold);
        let mut attempts = Attempts::of(&self.storage);
        let mut source = source.into();
        loop {
            options.progress.restart();
            let again = source.again();
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotId::default()).await?;
            let (mut changes, mut report) = load_into(&snapshot, target, source, options).await?;
            changes.turn = turn;
            match (self.storage.commit(changes).await, again) {
                (Err(error), Some(again)) if attempts.again(&error) => source = again,
                (Err(error), _) => return Err(error),
                (Ok(snapshot), _) => {
                    report.snapshot = snapshot;
                    report.elapsed = start.elapsed();
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
        let _limit = options.memory_limit.map(MemoryLimit::hold);
        let snapshot = self.storage.snapshot(SnapshotId::default()).await?;
        preview(&snapshot, target, source.into(), options).await
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
