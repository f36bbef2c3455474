//! The commit log and what its entries name: versions of datasets, tags, the format of the graph.

pub(super) mod dataset_version;
pub(super) mod format;
pub(super) mod layout;
pub(super) mod loaded;
pub(super) mod log;
pub(super) mod tags;
