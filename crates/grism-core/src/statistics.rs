//! What a snapshot knows about its tables without reading them.

mod bounds;
mod degrees;
mod observe;
mod property;
mod role;
mod selectivity;
mod sketch;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::TableId;

pub use degrees::{DegreeCounter, DegreeDistribution};
pub use property::PropertyStatistics;
pub use role::RoleStatistics;
pub use selectivity::share_of_all;
pub use sketch::DistinctSketch;

/// What is known of one snapshot, for planners and reports.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GraphStatistics {
    /// Per table; every table of the schema has an entry.
    pub tables: BTreeMap<TableId, TableStatistics>,
}

/// What is known of one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableStatistics {
    /// Live rows.
    pub rows: u64,
    /// The offset the next row gets.
    pub next_offset: u64,
    /// Per role of a hyperedge type, by the role's name; empty for nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, RoleStatistics>,
    /// Per property, by its name. Where one has no entry nothing is known of it, as in graphs that were written before
    /// there were such statistics.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, PropertyStatistics>,
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
        self.role(table, role).map_or(0, RoleStatistics::total)
    }

    /// What is known of `role` of `table`.
    #[must_use]
    pub fn role(&self, table: TableId, role: &str) -> Option<&RoleStatistics> {
        self.tables.get(&table)?.roles.get(role)
    }
}

/// Whether statistics are exact where nothing is said.
const fn exact() -> bool {
    true
}

/// Whether nothing need be said.
const fn is_true(flag: &bool) -> bool {
    *flag
}
