//! What is done to a graph beside reading and writing it: older snapshots, tags, VACUUM, OPTIMIZE, checks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use grism_core::{
    CheckReport, Error, Maintenance, OptimizeReport, Result, SnapshotId, SnapshotSelector,
    TimeTravel, VacuumOptions, VacuumReport,
};
use grism_storage::{SnapshotDiff, check_snapshot, diff, export_graph, import_graph};

use crate::Graph;
use crate::views::PinnedStorage;

impl Graph {
    /// The graph as it was at a snapshot; it is only read.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn at_snapshot(&self, which: SnapshotSelector) -> Result<Self> {
        let snapshot = self.storage().snapshot(which).await?;
        let storage = PinnedStorage::new(Arc::clone(self.storage()), snapshot.as_ref());
        Ok(self.with_storage(Arc::new(storage)))
    }

    /// The graph as it was at a time, in milliseconds since 1970-01-01T00:00Z; it is only read.
    ///
    /// # Errors
    /// `NotFound` where the graph is younger, or VACUUM dropped what it was then.
    pub async fn at_time(&self, time: i64) -> Result<Self> {
        let id = match self.storage().time_travel() {
            Some(travel) => travel.snapshot_at(time).await?,
            None => {
                let history = self.history().await?;
                let older = history.iter().rev().find(|info| info.committed_at <= time);
                let older = older.map(|info| info.id);
                older.ok_or_else(|| Error::not_found("the graph is younger than that time"))?
            }
        };
        self.at_snapshot(id.into()).await
    }

    /// The graph as it was at the snapshot with a tag; it is only read.
    ///
    /// # Errors
    /// `NotFound` where there is no such tag.
    pub async fn at_tag(&self, name: &str) -> Result<Self> {
        let tags = self.tags().await?;
        let id = tags
            .get(name)
            .ok_or_else(|| Error::not_found(format!("there is no tag `{name}`")))?;
        self.at_snapshot((*id).into()).await
    }

    /// Names a snapshot, which VACUUM keeps from then on.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `InvalidData` for a name that is taken; `Unsupported` in memory.
    pub async fn create_tag(&self, name: &str, which: SnapshotSelector) -> Result<SnapshotId> {
        self.time_travel()?.create_tag(name, which).await
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// `NotFound` where there is none; `Unsupported` in memory.
    pub async fn delete_tag(&self, name: &str) -> Result<()> {
        self.time_travel()?.delete_tag(name).await
    }

    /// The tags.
    ///
    /// # Errors
    /// `Unsupported` in memory.
    pub async fn tags(&self) -> Result<BTreeMap<String, SnapshotId>> {
        self.time_travel()?.tags().await
    }

    /// Drops old snapshots, and removes what only they read.
    ///
    /// # Errors
    /// `Unsupported` in memory; those of the storage.
    pub async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport> {
        self.maintenance("VACUUM")?.vacuum(options).await
    }

    /// Rewrites what many small commits left, as one commit that changes no answer.
    ///
    /// # Errors
    /// `Unsupported` in memory; those of the storage.
    pub async fn optimize(&self) -> Result<OptimizeReport> {
        self.maintenance("OPTIMIZE")?.optimize().await
    }

    /// Checks a snapshot: that every bound member exists, incidence lists and statistics say what the hyperedges say, and
    /// no file of any snapshot is missing. It reads everything.
    ///
    /// # Errors
    /// Those of a graph that cannot be read at all; what is wrong is in the report.
    pub async fn check(&self, which: SnapshotSelector) -> Result<CheckReport> {
        match self.storage().maintenance() {
            Some(maintenance) => maintenance.check(which).await,
            None => check_snapshot(&self.snapshot(which).await?).await,
        }
    }

    /// The entities that differ between two snapshots.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn diff(&self, from: SnapshotId, to: SnapshotId) -> Result<SnapshotDiff> {
        diff(
            &self.snapshot(from.into()).await?,
            &self.snapshot(to.into()).await?,
        )
        .await
    }

    /// Writes the newest snapshot to a new directory of Parquet files, from which [`Self::import_from`] makes it again. How
    /// many rows there were.
    ///
    /// # Errors
    /// `InvalidData` where the directory has files already; `Unavailable` where it cannot be written.
    pub async fn export_to(&self, directory: &Path) -> Result<u64> {
        export_graph(&self.snapshot(SnapshotSelector::Newest).await?, directory).await
    }

    /// Fills an empty graph with what [`Self::export_to`] wrote, as one commit. Entities get new ids.
    ///
    /// # Errors
    /// `NotFound` where the directory holds no export; `InvalidData` where the graph is not empty, or a file is broken.
    pub async fn import_from(&self, directory: &Path) -> Result<SnapshotId> {
        import_graph(self.storage().as_ref(), directory).await
    }

    fn maintenance(&self, what: &str) -> Result<&dyn Maintenance> {
        let maintenance = self.storage().maintenance();
        maintenance.ok_or_else(|| only_on_disk(what))
    }

    fn time_travel(&self) -> Result<&dyn TimeTravel> {
        let travel = self.storage().time_travel();
        travel.ok_or_else(|| only_on_disk("tags"))
    }
}

fn only_on_disk(what: &str) -> Error {
    Error::unsupported(format!(
        "{what} of a graph in memory, at a snapshot or in a transaction"
    ))
}
