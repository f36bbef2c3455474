//! The commit log: `_grism/snapshots/<n>.json`. Its put-if-absent is the only commit point of a graph.
//!
//! The numbers have no gaps: an entry whose data VACUUM dropped stays as a line that says so, since a number that came free
//! again could be taken by a writer that has slept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use fail::fail_point;
use grism_core::{
    CommitSummary, Error, GraphSchema, GraphStatistics, Result, SnapshotId, SnapshotInfo, TableId,
};
use serde::{Deserialize, Serialize};

use super::root::Root;

/// Where the entries are.
pub(super) const SNAPSHOTS: &str = "_grism/snapshots";

/// One entry of the log: everything a reader of the snapshot needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SnapshotEntry {
    pub(super) id: SnapshotId,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub(super) committed_at: i64,
    /// Random, so that no two entries are the same: a writer tells by it whether an entry that is there is its own.
    #[serde(default)]
    pub(super) commit: String,
    /// What the commit did.
    #[serde(default)]
    pub(super) summary: CommitSummary,
    pub(super) schema: GraphSchema,
    pub(super) statistics: GraphStatistics,
    /// The dataset of each table.
    pub(super) tables: BTreeMap<TableId, DatasetVersion>,
    /// The incidence lists of each role of each hyperedge table.
    pub(super) adjacency: Vec<AdjacencyEntry>,
}

/// A dataset at a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct DatasetVersion {
    /// Path within the graph.
    pub(super) path: String,
    /// Lance's version number; a detached one has its highest bit set.
    pub(super) version: u64,
}

/// The incidence lists of one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AdjacencyEntry {
    pub(super) table: TableId,
    pub(super) role: String,
    pub(super) dataset: DatasetVersion,
    /// Rows of the dataset.
    pub(super) rows: u64,
    /// Where the sorted rows of each segment stand; a segment has one run for each load that added to it.
    pub(super) runs: Vec<Run>,
    /// The delta: rows of small commits, in the order of the commits.
    #[serde(default)]
    pub(super) delta: Vec<DeltaRows>,
}

/// Rows of an adjacency dataset that belong to one segment, sorted by member.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// Rows of an adjacency dataset that belong to any segments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct DeltaRows {
    /// First row in the dataset.
    pub(super) start: u64,
    /// Number of rows.
    pub(super) rows: u64,
}

/// What stays of an entry whose data were dropped.
#[derive(Debug, Serialize, Deserialize)]
struct DroppedEntry {
    id: SnapshotId,
    committed_at: i64,
    summary: CommitSummary,
    dropped: bool,
}

impl SnapshotEntry {
    /// Every dataset version that the snapshot reads.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &DatasetVersion> {
        let adjacency = self.adjacency.iter().map(|own| &own.dataset);
        self.tables.values().chain(adjacency)
    }
}

/// The entries.
#[derive(Debug)]
pub(super) struct SnapshotLog {
    root: Root,
    /// The newest entry that was seen here; 0 before the first.
    known: AtomicU64,
}

fn path(id: SnapshotId) -> String {
    format!("{SNAPSHOTS}/{id}.json")
}

impl SnapshotLog {
    pub(super) fn new(root: Root) -> Self {
        Self {
            root,
            known: AtomicU64::new(0),
        }
    }

    /// The newest snapshot.
    ///
    /// # Errors
    /// `InvalidData` where there is none.
    pub(super) async fn latest(&self) -> Result<SnapshotId> {
        let mut newest = self.known.load(Ordering::Acquire);
        if newest == 0 {
            for file in self.root.files(SNAPSHOTS).await? {
                let name = file.path.rsplit('/').next().unwrap_or_default();
                let number = name
                    .strip_suffix(".json")
                    .and_then(|name| name.parse().ok());
                newest = newest.max(number.unwrap_or(0));
            }
            if newest == 0 {
                return Err(Error::invalid_data(format!(
                    "the graph at {} has no snapshot",
                    self.root.uri()
                )));
            }
        }
        while self.root.exists(&path(SnapshotId(newest + 1))).await? {
            newest += 1;
        }
        if newest == self.known.load(Ordering::Acquire)
            && !self.root.exists(&path(SnapshotId(newest))).await?
        {
            return Err(Error::not_found(format!(
                "the graph at {} is gone",
                self.root.uri()
            )));
        }
        self.known.fetch_max(newest, Ordering::AcqRel);
        Ok(SnapshotId(newest))
    }

    /// The lines of the history, oldest first; those whose data were dropped too.
    pub(super) async fn history(&self) -> Result<Vec<(SnapshotInfo, bool)>> {
        let newest = self.latest().await?;
        let mut history = Vec::new();
        for number in 1..=newest.0 {
            let id = SnapshotId(number);
            let line: HistoryLine = self.parsed(id).await?;
            let info = SnapshotInfo {
                id,
                committed_at: line.committed_at,
                summary: line.summary,
            };
            history.push((info, line.dropped));
        }
        Ok(history)
    }

    /// What the commit of the entry `id` did, whether its data are there or not.
    pub(super) async fn summary(&self, id: SnapshotId) -> Result<CommitSummary> {
        let line: HistoryLine = self.parsed(id).await?;
        Ok(line.summary)
    }

    /// The entry that was the newest at `time`.
    ///
    /// # Errors
    /// `NotFound` where the first one is younger.
    pub(super) async fn at(&self, time: i64) -> Result<SnapshotId> {
        let (mut low, mut high) = (0, self.latest().await?.0);
        // The times ascend with the numbers.
        while low < high {
            let middle = SnapshotId((low + high).div_ceil(2));
            let line: HistoryLine = self.parsed(middle).await?;
            if line.committed_at <= time {
                low = middle.0;
            } else {
                high = middle.0 - 1;
            }
        }
        if low == 0 {
            return Err(Error::not_found("the graph is younger than that time"));
        }
        Ok(SnapshotId(low))
    }

    async fn parsed<T: serde::de::DeserializeOwned>(&self, id: SnapshotId) -> Result<T> {
        let text = self.root.read(&path(id)).await?;
        let text = text.ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::invalid_data(format!("{}: {error}", path(id))))
    }

    /// The entry `id`.
    ///
    /// # Errors
    /// `NotFound` where there is none, or its data were dropped; `InvalidData` for a file that is no entry.
    pub(super) async fn read(&self, id: SnapshotId) -> Result<SnapshotEntry> {
        let text = self.root.read(&path(id)).await?;
        let text = text.ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))?;
        let broken =
            |error: serde_json::Error| Error::invalid_data(format!("{}: {error}", path(id)));
        if let Ok(entry) = serde_json::from_slice(&text) {
            return Ok(entry);
        }
        let line: HistoryLine = serde_json::from_slice(&text).map_err(broken)?;
        if line.dropped {
            return Err(Error::not_found(format!(
                "the data of snapshot {id} were dropped by VACUUM"
            )));
        }
        serde_json::from_slice(&text).map_err(broken)
    }

    /// Commits `entry`.
    ///
    /// # Errors
    /// `Conflict` where another writer took its number.
    pub(super) async fn publish(&self, entry: &SnapshotEntry) -> Result<()> {
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal(error.to_string()))?;
        fail_point!("commit-before-entry");
        let is_new = self.root.put_new(&path(entry.id), &text).await?;
        if is_new {
            fail_point!("commit-after-entry");
            self.known.fetch_max(entry.id.0, Ordering::AcqRel);
            return Ok(());
        }
        Err(Error::conflict(format!(
            "another writer committed snapshot {} first",
            entry.id
        )))
    }

    /// Makes an entry a line that says that its data are gone.
    pub(super) async fn drop_entry(&self, id: SnapshotId) -> Result<()> {
        let line: HistoryLine = self.parsed(id).await?;
        let dropped = DroppedEntry {
            id,
            committed_at: line.committed_at,
            summary: line.summary,
            dropped: true,
        };
        let text =
            serde_json::to_vec(&dropped).map_err(|error| Error::internal(error.to_string()))?;
        self.root.replace(&path(id), &text).await
    }
}

/// What every entry says, whether its data are there or not.
#[derive(Debug, Deserialize)]
struct HistoryLine {
    committed_at: i64,
    #[serde(default)]
    summary: CommitSummary,
    #[serde(default)]
    dropped: bool,
}
