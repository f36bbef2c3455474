//! The commit log: `_grism/snapshots/<n>.json`. Its put-if-absent is the only commit point of a graph.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use grism_core::{Error, GraphSchema, GraphStatistics, Result, SnapshotId, TableId};
use serde::{Deserialize, Serialize};

use super::sync::write_new_file;

/// One entry of the log: everything a reader of the snapshot needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SnapshotEntry {
    pub(super) id: SnapshotId,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub(super) committed_at: i64,
    pub(super) schema: GraphSchema,
    pub(super) statistics: GraphStatistics,
    /// The dataset of each table.
    pub(super) tables: BTreeMap<TableId, DatasetVersion>,
    /// The incidence lists of each role of each hyperedge table.
    pub(super) adjacency: Vec<AdjacencyEntry>,
}

/// A dataset at a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct DatasetVersion {
    /// Path within the graph.
    pub(super) path: String,
    /// Lance's version number; a detached one has its highest bit set.
    pub(super) version: u64,
}

/// The incidence lists of one role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AdjacencyEntry {
    pub(super) table: TableId,
    pub(super) role: String,
    pub(super) dataset: DatasetVersion,
    /// Where the rows of each segment stand; a segment has one run for each commit that added to it.
    pub(super) runs: Vec<Run>,
}

/// Rows of an adjacency dataset that belong to one segment, sorted by member.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    /// The members' table.
    pub(super) members: TableId,
    /// The members' segment.
    pub(super) segment: u64,
    /// First row in the dataset.
    pub(super) start: u64,
    /// Number of rows.
    pub(super) rows: u64,
}

/// The directory of entries.
#[derive(Debug)]
pub(super) struct SnapshotLog {
    directory: PathBuf,
}

impl SnapshotLog {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            directory: root.join("_grism").join("snapshots"),
        }
    }

    fn path(&self, id: SnapshotId) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    /// The numbers of all entries, ascending.
    pub(super) fn list(&self) -> Result<Vec<SnapshotId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.directory)
            .map_err(|error| Error::from(error).context(self.directory.display()))?
        {
            let name = entry?.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_suffix(".json")?.parse().ok());
            ids.extend(number.map(SnapshotId));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    pub(super) fn latest(&self) -> Result<SnapshotId> {
        self.list()?
            .pop()
            .ok_or_else(|| Error::invalid_data("the graph has no snapshot"))
    }

    pub(super) fn read(&self, id: SnapshotId) -> Result<SnapshotEntry> {
        let path = self.path(id);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::not_found(format!("there is no snapshot {id}")));
            }
            Err(error) => return Err(Error::from(error).context(path.display())),
        };
        serde_json::from_slice(&text)
            .map_err(|error| Error::invalid_data(format!("{}: {error}", path.display())))
    }

    /// Commits `entry`.
    ///
    /// # Errors
    /// `Conflict` where another writer took its number.
    pub(super) fn publish(&self, entry: &SnapshotEntry) -> Result<()> {
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal(error.to_string()))?;
        if write_new_file(&self.path(entry.id), &text)? {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "another writer committed snapshot {} first",
            entry.id
        )))
    }
}
