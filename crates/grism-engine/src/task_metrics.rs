//! `TaskMetrics`: what is reported of a task of a run in stages.

use serde::{Deserialize, Serialize};

use crate::OperatorMetrics;

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
    /// Time that its attempts waited for a free worker once their inputs were there, in microseconds, to the millisecond.
    #[serde(default)]
    pub queue_micros: u64,
    /// Time from start to end, in microseconds.
    pub micros: u64,
    /// Time that the worker waited for the inputs before the start, in microseconds.
    pub fetch_micros: u64,
    /// Rows by partition of the output.
    pub partition_rows: Vec<u64>,
    /// What the operators did, in the order of their numbers.
    pub operators: Vec<OperatorMetrics>,
}
