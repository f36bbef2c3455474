//! What a load did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use grism_core::SnapshotId;
use serde::{Deserialize, Serialize};

/// The counts of one load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// The label or hyperedge type.
    pub target: String,
    /// Rows read.
    pub rows: u64,
    /// Entities added.
    pub loaded: u64,
    /// Entities that have other values than before, by `on_conflict`.
    #[serde(default)]
    pub updated: u64,
    /// Entities that have what the rows say already, by `on_conflict`.
    #[serde(default)]
    pub unchanged: u64,
    /// Rows, or groups of them, that were left out since their key is taken, or since they were taken before.
    #[serde(default)]
    pub skipped: u64,
    /// Files that an incremental load took.
    #[serde(default)]
    pub files: u64,
    /// Files that an incremental load had taken before.
    #[serde(default)]
    pub skipped_files: u64,
    /// Rows that were not loaded.
    pub rejected: u64,
    /// Of those, the rows that the reject file holds.
    #[serde(default)]
    pub rejects_written: u64,
    /// Nodes that came into being because a hyperedge bound them, by label.
    pub created: BTreeMap<String, u64>,
    /// Rows whose member did not exist, by role.
    pub missing: BTreeMap<String, u64>,
    /// Rows that left an optional role unbound, by role.
    pub unbound: BTreeMap<String, u64>,
    /// How text files were read, and which ones so: a line for each way.
    #[serde(default)]
    pub read_as: Vec<String>,
    /// What there is to say of the source that is no error: types that were told otherwise than it seemed, columns that are
    /// read as something else.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The snapshot that the load committed; `None` before it is.
    pub snapshot: Option<SnapshotId>,
    /// How long it took.
    pub elapsed: Duration,
}

impl LoadReport {
    /// Adds the counts of a later part of the same load.
    pub(super) fn add(&mut self, later: Self) {
        self.rows += later.rows;
        self.loaded += later.loaded;
        self.updated += later.updated;
        self.unchanged += later.unchanged;
        self.skipped += later.skipped;
        self.files += later.files;
        self.skipped_files += later.skipped_files;
        self.rejected += later.rejected;
        self.rejects_written += later.rejects_written;
        let counts = [
            (&mut self.created, later.created),
            (&mut self.missing, later.missing),
            (&mut self.unbound, later.unbound),
        ];
        for (own, later) in counts {
            for (name, count) in later {
                *own.entry(name).or_insert(0) += count;
            }
        }
        for warning in later.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.snapshot = later.snapshot;
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.rows as f64 / self.elapsed.as_secs_f64().max(1e-9);
        write!(
            f,
            "{}: {} of {} rows loaded",
            self.target, self.loaded, self.rows
        )?;
        for (count, what) in [
            (self.updated, "updated"),
            (self.unchanged, "unchanged"),
            (self.skipped, "skipped"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if self.files + self.skipped_files > 0 {
            let all = self.files + self.skipped_files;
            write!(f, ", {} of {all} files", self.files)?;
        }
        if self.rejected > 0 {
            write!(f, ", {} rejected", self.rejected)?;
        }
        for (role, count) in &self.unbound {
            write!(f, ", {count} without {role}")?;
        }
        for (role, count) in &self.missing {
            write!(f, ", {count} with a missing {role}")?;
        }
        for (label, count) in &self.created {
            write!(f, ", {count} {label} created")?;
        }
        write!(f, " ({:.2} s, {rate:.0} rows/s", self.elapsed.as_secs_f64())?;
        if let Some(snapshot) = self.snapshot {
            write!(f, ", snapshot {snapshot}")?;
        }
        f.write_str(")")?;
        for line in &self.read_as {
            write!(f, "\nread: {line}")?;
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}
