//! The commit log: `_grism/snapshots/<n>.json`. Its put-if-absent is the only commit point of a graph.
//!
//! The numbers have no gaps: an entry whose data VACUUM dropped stays as a line that says so, since a number that came free
//! again could be taken by a writer that has slept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fail::fail_point;
use grism_core::{
    CommitSummary, Error, ErrorKind, GraphSchema, GraphStatistics, Result, SnapshotId,
    SnapshotInfo, TableId,
};
use serde::{Deserialize, Serialize};

use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::place::root::Root;
use crate::lance::place::stamp::Stamp;

/// Where the entries are.
pub(in crate::lance) const SNAPSHOTS: &str = "_grism/snapshots";

/// One entry of the log: everything a reader of the snapshot needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::lance) struct SnapshotEntry {
    pub(in crate::lance) id: SnapshotId,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub(in crate::lance) committed_at: i64,
    /// Random, so that no two entries are the same: a writer tells by it whether an entry that is there is its own.
    #[serde(default)]
    pub(in crate::lance) commit: String,
    /// What the commit did.
    #[serde(default)]
    pub(in crate::lance) summary: CommitSummary,
    pub(in crate::lance) schema: GraphSchema,
    pub(in crate::lance) statistics: GraphStatistics,
    /// The dataset of each table.
    pub(in crate::lance) tables: BTreeMap<TableId, DatasetVersion>,
    /// The incidence lists of each role of each hyperedge table.
    pub(in crate::lance) adjacency: Vec<AdjacencyEntry>,
    /// Files with what incremental loads have taken into each table, oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lance) loaded: BTreeMap<TableId, Vec<LoadedPart>>,
}

/// A file with a part of what incremental loads have taken into a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lance) struct LoadedPart {
    /// Path within the graph.
    pub(in crate::lance) path: String,
    /// Files and marks that it names.
    pub(in crate::lance) entries: u64,
}

/// The version of a dataset in which some of its rows were written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::lance) struct WrittenIn {
    pub(in crate::lance) version: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::lance) stamp: String,
}

/// The incidence lists of one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::lance) struct AdjacencyEntry {
    pub(in crate::lance) table: TableId,
    pub(in crate::lance) role: String,
    /// Their dataset, which roles with few incidences share.
    pub(in crate::lance) dataset: DatasetVersion,
    /// The version in which the role got its newest rows; `None` where that is the dataset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lance) written: Option<WrittenIn>,
    /// Rows of the dataset, those of other roles too.
    pub(in crate::lance) rows: u64,
    /// Where the sorted rows of each segment stand; a segment has one run for each load that added to it.
    pub(in crate::lance) runs: Vec<Run>,
    /// The delta: rows of small commits, in the order of the commits.
    #[serde(default)]
    pub(in crate::lance) delta: Vec<DeltaRows>,
}

/// Rows of an adjacency dataset that belong to one segment, sorted by member.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::lance) struct Run {
    /// The members' table.
    pub(in crate::lance) members: TableId,
    /// The members' segment.
    pub(in crate::lance) segment: u64,
    /// First row in the dataset.
    pub(in crate::lance) start: u64,
    /// Number of rows.
    pub(in crate::lance) rows: u64,
}

/// Rows of an adjacency dataset that belong to any segments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::lance) struct DeltaRows {
    /// First row in the dataset.
    pub(in crate::lance) start: u64,
    /// Number of rows.
    pub(in crate::lance) rows: u64,
}

/// What stays of an entry whose data were dropped.
#[derive(Debug, Serialize, Deserialize)]
struct DroppedEntry {
    id: SnapshotId,
    committed_at: i64,
    commit: String,
    summary: CommitSummary,
    dropped: bool,
}

impl AdjacencyEntry {
    /// Adds rows to the delta.
    pub(in crate::lance) fn add_delta(&mut self, start: u64, rows: u64) {
        match self.delta.last_mut() {
            Some(last) if last.start + last.rows == start => last.rows += rows,
            _ if rows > 0 => self.delta.push(DeltaRows { start, rows }),
            _ => {}
        }
    }

    /// The version of the dataset in which the role got its newest rows. Those of other roles may have come later.
    pub(in crate::lance) fn rows_version(&self) -> DatasetVersion {
        match &self.written {
            None => self.dataset.clone(),
            Some(written) => DatasetVersion {
                path: self.dataset.path.clone(),
                version: written.version,
                stamp: written.stamp.clone(),
            },
        }
    }
}

impl SnapshotEntry {
    /// Brings the incidence lists into the order of tables and roles.
    pub(in crate::lance) fn sort_lists(&mut self) {
        let order =
            |a: &AdjacencyEntry, b: &AdjacencyEntry| (a.table, &a.role).cmp(&(b.table, &b.role));
        self.adjacency.sort_by(order);
    }

    /// Every dataset version that the snapshot reads.
    pub(in crate::lance) fn datasets(&self) -> impl Iterator<Item = &DatasetVersion> {
        let adjacency = self.adjacency.iter().map(|own| &own.dataset);
        self.tables.values().chain(adjacency)
    }

    /// The files with what incremental loads have taken.
    pub(in crate::lance) fn loaded_parts(&self) -> impl Iterator<Item = &LoadedPart> {
        self.loaded.values().flatten()
    }
}

/// The entries.
#[derive(Debug)]
pub(in crate::lance) struct SnapshotLog {
    root: Root,
    known: Mutex<Known>,
}

/// What was seen of a log.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Counts the graphs that were found at this place, one after the other.
    graph: u64,
    newest: Option<Newest>,
}

/// The newest entry that was seen.
#[derive(Clone, Debug)]
struct Newest {
    id: SnapshotId,
    stamp: Stamp,
    /// Its commit, once it was read.
    commit: Option<String>,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lance) struct LogEnd {
    /// The newest snapshot.
    pub(in crate::lance) id: SnapshotId,
    /// Which of the graphs it is that were found at this place one after the other.
    pub(in crate::lance) graph: u64,
}

fn path(id: SnapshotId) -> String {
    format!("{SNAPSHOTS}/{id}.json")
}

fn after(id: SnapshotId) -> SnapshotId {
    SnapshotId(id.0 + 1)
}

impl SnapshotLog {
    pub(in crate::lance) fn new(root: Root) -> Self {
        Self {
            root,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest snapshot, and which graph it is of. The newest entry that was seen before is looked at again: where it is
    /// gone, or another file, the graph was deleted and perhaps built anew.
    ///
    /// # Errors
    /// `InvalidData` where there never was one, `NotFound` where the graph is gone.
    pub(in crate::lance) async fn latest(&self) -> Result<LogEnd> {
        let mut known = self.known().clone();
        if let Some(newest) = &known.newest
            && !self.is_there(newest).await?
        {
            known = self.forget(&known);
        }
        let mut newest = match known.newest {
            Some(newest) => newest,
            None => self.listed(known.graph).await?,
        };
        while let Some(stamp) = self.root.stamp(&path(after(newest.id))).await? {
            newest = Newest {
                id: after(newest.id),
                stamp,
                commit: None,
            };
        }
        let end = LogEnd {
            id: newest.id,
            graph: known.graph,
        };
        let mut own = self.known();
        let is_newer = |own: &Newest| own.id < end.id;
        if own.graph == end.graph && own.newest.as_ref().is_none_or(is_newer) {
            own.newest = Some(newest);
        }
        Ok(end)
    }

    /// The newest entry by a list of all, of which none was seen yet.
    async fn listed(&self, graph: u64) -> Result<Newest> {
        let mut found: Option<SnapshotId> = None;
        for file in self.root.files(SNAPSHOTS).await? {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let number = name
                .strip_suffix(".json")
                .and_then(|name| name.parse().ok());
            found = found.max(number.map(SnapshotId));
        }
        let stamp = match found {
            Some(id) => self.root.stamp(&path(id)).await?,
            None => None,
        };
        match (found, stamp) {
            (Some(id), Some(stamp)) => Ok(Newest {
                id,
                stamp,
                commit: None,
            }),
            _ if graph > 0 => Err(self.gone()),
            _ => Err(Error::invalid_data(format!(
                "the graph at {} has no snapshot",
                self.root.uri()
            ))),
        }
    }

    /// The error of a graph that was deleted.
    pub(in crate::lance) fn gone(&self) -> Error {
        Error::not_found(format!("the graph at {} is gone", self.root.uri()))
    }

    /// Whether an entry is the one that was seen. VACUUM replaces entries, but leaves them their commits.
    async fn is_there(&self, newest: &Newest) -> Result<bool> {
        match self.root.stamp(&path(newest.id)).await? {
            None => Ok(false),
            Some(stamp) if stamp == newest.stamp => Ok(true),
            Some(stamp) => {
                let line = match self.parsed(newest.id).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                    line => line?,
                };
                let is_same = line.dropped && newest.commit.as_ref() == Some(&line.commit);
                let mut known = self.known();
                if is_same
                    && let Some(own) = &mut known.newest
                    && own.id == newest.id
                {
                    own.stamp = stamp;
                }
                Ok(is_same)
            }
        }
    }

    /// Begins the log of another graph, which is made in the place of one that is gone.
    pub(in crate::lance) fn begin_anew(&self) {
        let seen = self.known().clone();
        self.forget(&seen);
    }

    /// Forgets a log that is not there any more: what comes now is of another graph.
    fn forget(&self, seen: &Known) -> Known {
        let mut known = self.known();
        if known.graph == seen.graph {
            *known = Known {
                graph: seen.graph + 1,
                newest: None,
            };
        }
        known.clone()
    }

    /// The lines of the history, oldest first; those whose data were dropped too.
    pub(in crate::lance) async fn history(&self) -> Result<Vec<(SnapshotInfo, bool)>> {
        let newest = self.latest().await?.id;
        let mut history = Vec::new();
        for number in 1..=newest.0 {
            let id = SnapshotId(number);
            let line = self.parsed(id).await?;
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
    pub(in crate::lance) async fn summary(&self, id: SnapshotId) -> Result<CommitSummary> {
        let line = self.parsed(id).await?;
        Ok(line.summary)
    }

    /// The entry that was the newest at `time`.
    ///
    /// # Errors
    /// `NotFound` where the first one is younger.
    pub(in crate::lance) async fn at(&self, time: i64) -> Result<SnapshotId> {
        let (mut low, mut high) = (0, self.latest().await?.id.0);
        // The times ascend with the numbers.
        while low < high {
            let middle = SnapshotId((low + high).div_ceil(2));
            let line = self.parsed(middle).await?;
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

    async fn parsed(&self, id: SnapshotId) -> Result<HistoryLine> {
        let text = self.root.read(&path(id)).await?;
        let text = text.ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))?;
        let mut line: HistoryLine = serde_json::from_slice(&text)
            .map_err(|error| Error::invalid_data(format!("{}: {error}", path(id))))?;
        line.commit = named_commit(line.commit, line.committed_at);
        Ok(line)
    }

    /// The entry `id`.
    ///
    /// # Errors
    /// `NotFound` where there is none, or its data were dropped; `InvalidData` for a file that is no entry.
    pub(in crate::lance) async fn read(&self, id: SnapshotId) -> Result<SnapshotEntry> {
        let text = self.root.read(&path(id)).await?;
        let text = text.ok_or_else(|| Error::not_found(format!("there is no snapshot {id}")))?;
        let broken =
            |error: serde_json::Error| Error::invalid_data(format!("{}: {error}", path(id)));
        if let Ok(mut entry) = serde_json::from_slice::<SnapshotEntry>(&text) {
            entry.commit = named_commit(entry.commit, entry.committed_at);
            let mut known = self.known();
            if let Some(newest) = &mut known.newest
                && newest.id == id
            {
                newest.commit = Some(entry.commit.clone());
            }
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
    pub(in crate::lance) async fn publish(&self, entry: &SnapshotEntry) -> Result<()> {
        let text = serde_json::to_vec(entry).map_err(|error| Error::internal(error.to_string()))?;
        fail_point!("commit-before-entry");
        let is_new = self.root.put_new(&path(entry.id), &text).await?;
        if is_new {
            fail_point!("commit-after-entry");
            return Ok(());
        }
        Err(Error::conflict(format!(
            "another writer committed snapshot {} first",
            entry.id
        )))
    }

    /// Makes an entry a line that says that its data are gone.
    pub(in crate::lance) async fn drop_entry(&self, id: SnapshotId) -> Result<()> {
        let line = self.parsed(id).await?;
        let dropped = DroppedEntry {
            id,
            committed_at: line.committed_at,
            commit: line.commit,
            summary: line.summary,
            dropped: true,
        };
        let text =
            serde_json::to_vec(&dropped).map_err(|error| Error::internal(error.to_string()))?;
        self.root.replace(&path(id), &text).await
    }
}

/// A commit's name: where an older version of Grism gave it none, its time.
fn named_commit(commit: String, committed_at: i64) -> String {
    if commit.is_empty() {
        format!("at {committed_at}")
    } else {
        commit
    }
}

/// What every entry says, whether its data are there or not.
#[derive(Debug, Deserialize)]
struct HistoryLine {
    committed_at: i64,
    #[serde(default)]
    commit: String,
    #[serde(default)]
    summary: CommitSummary,
    #[serde(default)]
    dropped: bool,
}
