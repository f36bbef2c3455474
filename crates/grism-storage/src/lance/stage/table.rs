//! A table on its way through the rooms of staging.

use std::sync::Arc;

use grism_core::{Table, TableStatistics};
use lance::dataset::Dataset;

use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::format::GraphOptions;
use crate::lance::history::log::AdjacencyEntry;
use crate::lance::lists::role_lists::RoleLists;
use crate::lance::lists::shared_lists::SharedLists;
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::shares::Shares;

/// Where a table is staged, and how it is laid out: what no room changes.
pub(super) struct TableContext {
    pub(super) root: Root,
    pub(super) options: GraphOptions,
    pub(super) table: Arc<Table>,
    /// The incidence lists of small roles, of all tables.
    pub(super) shared: SharedLists,
    pub(super) unsynced: Unsynced,
}

/// A table before it is staged.
pub(super) struct TableBefore {
    /// Where its rows are; `None` for a table without any so far.
    pub(super) dataset: Option<DatasetVersion>,
    pub(super) statistics: TableStatistics,
    /// The incidence lists of its roles that have datasets of their own.
    pub(super) adjacency: Vec<AdjacencyEntry>,
}

/// A table as far as it is staged. Each room takes one and gives another.
pub(super) struct StagedTable {
    /// Where its dataset lies.
    pub(super) path: String,
    /// The dataset, at a version that no snapshot names yet.
    pub(super) dataset: Dataset,
    pub(super) statistics: TableStatistics,
    /// The incidence lists of its roles that have datasets of their own.
    pub(super) adjacency: Vec<AdjacencyEntry>,
}

impl TableContext {
    /// The shares of the memory that staging is charged to.
    pub(super) fn shares(&self) -> Shares {
        self.root.resources().shares()
    }

    /// Where the incidence lists of a role go.
    pub(super) fn role_lists(&self, role: &str) -> RoleLists {
        RoleLists {
            root: self.root.clone(),
            unsynced: self.unsynced.clone(),
            shared: self.shared.clone(),
            shift: self.options.segment_shift,
            table: Arc::clone(&self.table),
            role: role.to_owned(),
        }
    }
}

impl StagedTable {
    /// The version of the dataset.
    pub(super) fn version(&self) -> DatasetVersion {
        DatasetVersion::of(self.path.clone(), &self.dataset)
    }
}
