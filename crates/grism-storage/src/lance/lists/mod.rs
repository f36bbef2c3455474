//! Incidence lists on disk.

pub(super) mod adjacency;
pub(super) mod delta;
pub(super) mod read_lists;
pub(super) mod role_lists;
pub(super) mod shared_lists;
