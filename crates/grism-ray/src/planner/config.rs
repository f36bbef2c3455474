//! `DistributedPlannerConfig`: how wide a plan is, and what is small enough to be everywhere.

use serde::{Deserialize, Serialize};

/// Settings of the distributed planner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributedPlannerConfig {
    /// Partitions of a shuffle, and tasks of a stage that reads tables.
    pub partitions: usize,
    /// An adjacency up to this many bytes is read by every worker that needs it; a larger one is partitioned, and rows
    /// are routed to the worker that holds their segment.
    pub adjacency_replication_limit: u64,
    /// A join side that reads at most this many rows is broadcast.
    pub broadcast_rows: u64,
}

impl Default for DistributedPlannerConfig {
    fn default() -> Self {
        Self {
            partitions: 2,
            adjacency_replication_limit: 256 << 20,
            broadcast_rows: 10_000,
        }
    }
}
