//! `SnapshotDiff`: how two snapshots differ.

use std::collections::BTreeMap;

use grism_core::{RowChanges, SnapshotId};
use serde::{Deserialize, Serialize};

/// How two snapshots differ, by label set or type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
