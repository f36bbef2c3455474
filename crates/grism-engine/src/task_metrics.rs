//! `TaskMetrics`: what is reported of a task of a run in stages.

use serde::{Deserialize, Serialize};

/// What is reported of a task that counted for the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMetrics {
    /// Its stage.
    pub stage: usize,
    /// Its number within the stage.
    pub task: usize,
    /// Attempts made, this one included.
    pub attempts: usize,
    /// The worker that ran it.
    pub worker: String,
    /// The process that ran it.
    pub pid: u32,
    /// Rows that left it.
    pub rows: u64,
    /// Bytes that left it.
    pub bytes: u64,
    /// Time from start to end, in microseconds.
    pub micros: u64,
}
