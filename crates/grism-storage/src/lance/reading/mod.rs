//! Open graphs and snapshots, their indexes, and the cache of what was read.

pub(super) mod cache;
pub(super) mod found_graph;
pub(super) mod indexes;
mod kept_scan;
pub(super) mod open_graph;
pub(super) mod open_table;
pub(super) mod search;
pub(super) mod segments;
pub(super) mod snapshot;
pub(super) mod take;
