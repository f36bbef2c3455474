//! What is done to a graph beside reading and writing it: older snapshots, tags, VACUUM, OPTIMIZE, checks.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use grism_core::{Error, Result, SnapshotId};
use grism_storage::{
    CheckReport, LanceStorage, OptimizeReport, SnapshotDiff, VacuumOptions, VacuumReport,
    check_snapshot, diff, export_graph, import_graph,
};

use crate::Graph;
use crate::views::PinnedStorage;

impl Graph {
    /// The graph as it was at a snapshot; it is only read.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn at_snapshot(&self, id: SnapshotId) -> Result<Self> {
        let snapshot = self.storage().snapshot(id).await?;
        let storage = PinnedStorage::new(Arc::clone(self.storage()), snapshot.as_ref());
        Ok(self.with_storage(Arc::new(storage)))
    }

    /// The graph as it was at a time, in milliseconds since 1970-01-01T00:00Z; it is only read.
    ///
    /// # Errors
    /// `NotFound` where the graph is younger, or VACUUM dropped what it was then.
    pub async fn at_time(&self, time: i64) -> Result<Self> {
        let id = match self.lance("") {
            Ok(storage) => storage.snapshot_at(time).await?,
            Err(_) => {
                let history = self.history().await?;
                let older = history.iter().rev().find(|info| info.committed_at <= time);
                let older = older.map(|info| info.id);
                older.ok_or_else(|| Error::not_found("the graph is younger than that time"))?
            }
        };
        self.at_snapshot(id).await
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
        self.at_snapshot(*id).await
    }

    /// Names a snapshot, which VACUUM keeps from then on; the default id is the newest.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `InvalidData` for a name that is taken; `Unsupported` in memory.
    pub async fn create_tag(&self, name: &str, id: SnapshotId) -> Result<SnapshotId> {
        self.lance("tags")?.create_tag(name, id).await
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// `NotFound` where there is none; `Unsupported` in memory.
    pub async fn delete_tag(&self, name: &str) -> Result<()> {
        self.lance("tags")?.delete_tag(name).await
    }

    /// The tags.
    ///
    /// # Errors
    /// `Unsupported` in memory.
    pub async fn tags(&self) -> Result<BTreeMap<String, SnapshotId>> {
        self.lance("tags")?.tags().await
    }

    /// Drops old snapshots, and removes what only they read.
    ///
    /// # Errors
    /// `Unsupported` in memory; those of the storage.
    pub async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport> {
        self.lance("VACUUM")?.vacuum(options).await
    }

    /// Rewrites what many small commits left, as one commit that changes no answer.
    ///
    /// # Errors
    /// `Unsupported` in memory; those of the storage.
    pub async fn optimize(&self) -> Result<OptimizeReport> {
        self.lance("OPTIMIZE")?.optimize().await
    }

    /// Checks a snapshot: that every bound member exists, incidence lists and statistics say what the hyperedges say, and
    /// no file of any snapshot is missing. It reads everything.
    ///
    /// # Errors
    /// Those of a graph that cannot be read at all; what is wrong is in the report.
    pub async fn check(&self, id: SnapshotId) -> Result<CheckReport> {
        match self.lance("") {
            Ok(storage) => storage.check(id).await,
            Err(_) => check_snapshot(&self.snapshot(id).await?).await,
        }
    }

    /// The entities that differ between two snapshots.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn diff(&self, from: SnapshotId, to: SnapshotId) -> Result<SnapshotDiff> {
        diff(&self.snapshot(from).await?, &self.snapshot(to).await?).await
    }

    /// Writes the newest snapshot to a new directory of Parquet files, from which [`Self::import_from`] makes it again. How
    /// many rows there were.
    ///
    /// # Errors
    /// `InvalidData` where the directory has files already; `Unavailable` where it cannot be written.
    pub async fn export_to(&self, directory: &Path) -> Result<u64> {
        export_graph(&self.snapshot(SnapshotId::default()).await?, directory).await
    }

    /// Fills an empty graph with what [`Self::export_to`] wrote, as one commit. Entities get new ids.
    ///
    /// # Errors
    /// `NotFound` where the directory holds no export; `InvalidData` where the graph is not empty, or a file is broken.
    pub async fn import_from(&self, directory: &Path) -> Result<SnapshotId> {
        import_graph(self.storage().as_ref(), directory).await
    }

    /// The storage, where it is one of Lance datasets.
    fn lance(&self, what: &str) -> Result<&LanceStorage> {
        let storage: &dyn Any = self.storage().as_ref();
        storage.downcast_ref().ok_or_else(|| {
            Error::unsupported(format!(
                "{what} of a graph in memory, at a snapshot or in a transaction"
            ))
        })
    }
}
