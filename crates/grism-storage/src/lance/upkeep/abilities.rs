//! What a graph of Lance datasets can do beside being read and written: upkeep, tags and times.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{
    CheckReport, Maintenance, OptimizeReport, Result, Snapshot, SnapshotId, SnapshotSelector,
    TimeTravel, VacuumOptions, VacuumReport,
};

use crate::check::check_snapshot;
use crate::lance::history::tags::{create_tag, delete_tag, tags};
use crate::lance::storage::LanceStorage;

#[async_trait]
impl Maintenance for LanceStorage {
    async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport> {
        self.run_vacuum(options).await
    }

    async fn optimize(&self) -> Result<OptimizeReport> {
        self.run_optimize().await
    }

    async fn check(&self, which: SnapshotSelector) -> Result<CheckReport> {
        let snapshot: Arc<dyn Snapshot> = self.find(which).await?;
        let mut report = check_snapshot(&snapshot).await?;
        for (info, dropped) in self.log.history().await? {
            if dropped {
                continue;
            }
            let entry = self.log.read(info.id).await?;
            let mut missing = self.missing_files(entry.id, entry.datasets()).await?;
            missing.extend(self.missing_parts(entry.id, entry.loaded_parts()).await?);
            missing.into_iter().for_each(|problem| report.note(problem));
            report.snapshots += 1;
        }
        for (name, snapshot) in self.tags().await? {
            if let Err(error) = self.log.read(snapshot).await {
                report.note(format!("the tag `{name}`: {error}"));
            }
        }
        Ok(report)
    }
}

#[async_trait]
impl TimeTravel for LanceStorage {
    async fn snapshot_at(&self, time: i64) -> Result<SnapshotId> {
        self.log.at(time).await
    }

    async fn create_tag(&self, name: &str, which: SnapshotSelector) -> Result<SnapshotId> {
        let snapshot = self.find(which).await?.id();
        create_tag(&self.root, name, snapshot).await?;
        Ok(snapshot)
    }

    async fn delete_tag(&self, name: &str) -> Result<()> {
        delete_tag(&self.root, name).await
    }

    async fn tags(&self) -> Result<BTreeMap<String, SnapshotId>> {
        tags(&self.root).await
    }
}
