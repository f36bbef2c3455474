//! What is done to a graph beside reading and writing it: upkeep, and going back in time.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Result, SnapshotId, SnapshotSelector};

/// Problems that are told one by one; more are only counted.
const TOLD: usize = 100;

/// Upkeep of a graph that is kept in files.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Drops the snapshots that `options` do not keep, and removes what only they read.
    ///
    /// # Errors
    /// `Unavailable` where the graph cannot be written.
    async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport>;

    /// Rewrites what many small commits left, as one commit that changes no answer.
    ///
    /// # Errors
    /// `Conflict` where a writer of another machine was first; `Unavailable` where the graph cannot be written.
    async fn optimize(&self) -> Result<OptimizeReport>;

    /// Checks a snapshot, and that no file of any snapshot is missing.
    ///
    /// # Errors
    /// Those of a graph that cannot be read at all; what is wrong is in the report.
    async fn check(&self, which: SnapshotSelector) -> Result<CheckReport>;
}

/// Going back to older snapshots by what they are known by beside their numbers.
#[async_trait]
pub trait TimeTravel: Send + Sync {
    /// The snapshot that was the newest at a time, in milliseconds since 1970-01-01T00:00Z.
    ///
    /// # Errors
    /// `NotFound` where the graph is younger, or VACUUM dropped what it was then.
    async fn snapshot_at(&self, time: i64) -> Result<SnapshotId>;

    /// Names a snapshot, which VACUUM keeps from then on; the default id is the newest. Returns its number.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `InvalidData` for a name that is taken.
    async fn create_tag(&self, name: &str, which: SnapshotSelector) -> Result<SnapshotId>;

    /// Takes a name away.
    ///
    /// # Errors
    /// `NotFound` where it does not exist.
    async fn delete_tag(&self, name: &str) -> Result<()>;

    /// The tags, with the snapshots that they name.
    ///
    /// # Errors
    /// Those of a graph that cannot be read.
    async fn tags(&self) -> Result<BTreeMap<String, SnapshotId>>;
}

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl OptimizeReport {
    /// Nothing was done to a snapshot.
    #[must_use]
    pub fn nothing(snapshot: SnapshotId) -> Self {
        Self {
            fragments_before: 0,
            fragments_after: 0,
            folded: 0,
            reindexed: 0,
            recounted: 0,
            snapshot,
        }
    }
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

/// What a check read, and what it found wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The snapshot that was checked.
    pub snapshot: SnapshotId,
    /// Snapshots whose files were looked for.
    pub snapshots: u64,
    /// Nodes read.
    pub nodes: u64,
    /// Hyperedges read.
    pub hyperedges: u64,
    /// Incidences compared.
    pub incidences: u64,
    /// What is wrong, the first hundred of it; empty for a sound graph.
    pub problems: Vec<String>,
    /// How much is wrong.
    pub problem_count: u64,
}

impl CheckReport {
    /// A snapshot of which nothing was read yet.
    #[must_use]
    pub fn of(snapshot: SnapshotId) -> Self {
        Self {
            snapshot,
            snapshots: 0,
            nodes: 0,
            hyperedges: 0,
            incidences: 0,
            problems: Vec::new(),
            problem_count: 0,
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    /// Notes something that is wrong.
    pub fn note(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problems.len() < TOLD {
            self.problems.push(problem);
        }
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "snapshot {}: {} nodes, {} hyperedges, {} incidences; files of {} snapshots: ",
            self.snapshot, self.nodes, self.hyperedges, self.incidences, self.snapshots
        )?;
        match self.problem_count {
            0 => write!(f, "sound"),
            1 => write!(f, "1 problem"),
            count => write!(f, "{count} problems"),
        }
    }
}
