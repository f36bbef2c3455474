//! `SchedulerConfig`: attempts, waits and how much a worker takes.

use serde::{Deserialize, Serialize};

/// Settings of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulerConfig {
    /// Attempts at one task before the query fails.
    pub max_attempts: usize,
    /// Tasks a worker runs at once.
    pub tasks_per_worker: usize,
    /// Milliseconds before the second attempt; it doubles with each further one.
    pub backoff_ms: u64,
    /// Milliseconds without any worker before the query fails.
    pub no_worker_timeout_ms: u64,
    /// Milliseconds that tasks wait for a worker with the resources they need before the query fails.
    pub resource_timeout_ms: u64,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            tasks_per_worker: 1,
            backoff_ms: 50,
            no_worker_timeout_ms: 30_000,
            resource_timeout_ms: 60_000,
        }
    }
}
