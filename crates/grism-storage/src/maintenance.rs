//! What is done to a graph beside reading and writing it: settings and reports.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use grism_core::{RowChanges, SnapshotId};
use serde::{Deserialize, Serialize};

/// What VACUUM keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VacuumOptions {
    /// Snapshots younger than this stay; by default seven days.
    pub retain: Duration,
    /// So many of the newest snapshots stay, at least one; by default one.
    pub keep: u64,
    /// Files that no snapshot names stay while they are younger, since a writer may be about to commit them; by default
    /// an hour.
    pub grace: Duration,
    /// Only tell what would go.
    pub dry_run: bool,
}

impl Default for VacuumOptions {
    fn default() -> Self {
        Self {
            retain: Duration::from_secs(7 * 24 * 3600),
            keep: 1,
            grace: Duration::from_secs(3600),
            dry_run: false,
        }
    }
}

/// What VACUUM removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VacuumReport {
    /// Snapshots that can no longer be opened.
    pub dropped: Vec<SnapshotId>,
    /// Files that went.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl fmt::Display for VacuumReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} snapshots dropped, {} files of {:.1} MB removed",
            self.dropped.len(),
            self.files,
            self.bytes as f64 / 1e6
        )
    }
}

/// What OPTIMIZE did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptimizeReport {
    /// Fragments of tables that became fewer.
    pub fragments_before: u64,
    /// The fragments that they became.
    pub fragments_after: u64,
    /// Roles whose incidence lists were written anew.
    pub folded: u64,
    /// Indexes that were built anew.
    pub reindexed: u64,
    /// Properties and roles whose statistics were counted anew, beside those of the roles that were folded.
    pub recounted: u64,
    /// The snapshot that has it; the one before where there was nothing to do.
    pub snapshot: SnapshotId,
}

impl fmt::Display for OptimizeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} fragments became {}, {} roles folded, {} indexes built, {} statistics counted, snapshot {}",
            self.fragments_before,
            self.fragments_after,
            self.folded,
            self.reindexed,
            self.recounted,
            self.snapshot
        )
    }
}

/// How two snapshots differ, by label set or type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDiff {
    /// The older side.
    pub from: SnapshotId,
    /// The newer side.
    pub to: SnapshotId,
    /// Tables that differ, by their name.
    pub tables: BTreeMap<String, TableDiff>,
}

/// How one table differs between two snapshots: raw ids of entities, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDiff {
    /// Entities that came.
    pub added: Vec<u64>,
    /// Entities that went.
    pub removed: Vec<u64>,
    /// Entities with other properties, labels or members.
    pub changed: Vec<u64>,
}

impl TableDiff {
    /// The counts.
    #[must_use]
    pub fn counts(&self) -> RowChanges {
        RowChanges {
            added: self.added.len() as u64,
            updated: self.changed.len() as u64,
            deleted: self.removed.len() as u64,
        }
    }
}
