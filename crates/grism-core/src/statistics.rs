//! What a snapshot knows about its tables without reading them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TableId;

/// Counts of one snapshot, for planners and reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphStatistics {
    /// Per table; every table of the schema has an entry.
    pub tables: BTreeMap<TableId, TableStatistics>,
}

/// Counts of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStatistics {
    /// Live rows.
    pub rows: u64,
    /// The offset the next row gets.
    pub next_offset: u64,
    /// Per role of a hyperedge type, by the role's name; empty for nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, RoleStatistics>,
}

/// Counts of one role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleStatistics {
    /// Incidences, by the member's table.
    pub incidences: BTreeMap<TableId, u64>,
}

impl RoleStatistics {
    /// Incidences with members of any table.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.incidences.values().sum()
    }
}

impl GraphStatistics {
    /// Live rows of `table`; 0 where the table is unknown.
    #[must_use]
    pub fn rows(&self, table: TableId) -> u64 {
        self.tables
            .get(&table)
            .map_or(0, |statistics| statistics.rows)
    }

    /// Incidences of `role` of `table`; 0 where either is unknown.
    #[must_use]
    pub fn incidences(&self, table: TableId, role: &str) -> u64 {
        self.tables
            .get(&table)
            .and_then(|statistics| statistics.roles.get(role))
            .map_or(0, RoleStatistics::total)
    }
}
