//! `DatasetVersion`: the name of one state of a dataset.

use lance::dataset::Dataset;
use lance_table::format::is_detached_version;
use serde::{Deserialize, Serialize};

/// A dataset at a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::lance) struct DatasetVersion {
    /// Path within the graph.
    pub(in crate::lance) path: String,
    /// Lance's version number; a detached one has its highest bit set.
    pub(in crate::lance) version: u64,
    /// The name of the transaction that made the version; empty for detached versions, whose numbers are random.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::lance) stamp: String,
}

impl DatasetVersion {
    /// The version of `dataset`, which lies at `path`.
    pub(in crate::lance) fn of(path: String, dataset: &Dataset) -> Self {
        let version = dataset.version_id();
        let stamp = if is_detached_version(version) {
            None
        } else {
            dataset.manifest().transaction_file.clone()
        };
        Self {
            path,
            version,
            stamp: stamp.unwrap_or_default(),
        }
    }
}
