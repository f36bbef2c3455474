//! What a task is told, and what it tells.

use grism_core::{SnapshotId, StorageDescriptor};
use grism_engine::{OperatorMetrics, RangeBounds, RuntimeConfig};
use serde::{Deserialize, Serialize};

use crate::{ExecutionStage, StageInputSpec};

/// What a worker needs to run one attempt at one task, beside the bundles it reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskSpec {
    /// The query.
    pub query_id: String,
    /// The stage, with its plan.
    pub stage: ExecutionStage,
    /// The task's number within the stage, which is the partition it works on.
    pub task: usize,
    /// Counted from 0.
    pub attempt: usize,
    /// Workers at the query's start, which fixes the slots of bundles.
    pub workers: usize,
    /// How each input is read.
    pub inputs: Vec<TaskInput>,
    /// The graph.
    pub storage: StorageDescriptor,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The commit that made it, so that no task reads another graph that was built in the place of this one.
    pub commit: String,
    /// Batch size and memory.
    pub runtime: RuntimeConfig,
}

/// How one input of a task is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskInput {
    /// Where it comes from.
    pub spec: StageInputSpec,
    /// Partitions that each task of that stage wrote.
    pub written: usize,
    /// The bounds of a range, which are known by now.
    pub bounds: Option<RangeBounds>,
}

/// What a task tells of its output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskStatistics {
    /// Rows that left it.
    pub rows: u64,
    /// Bytes of its bundles.
    pub bytes: u64,
    /// Rows by partition.
    pub partition_rows: Vec<u64>,
    /// Keys sampled for a range, in the encoding of [`RangeBounds`].
    pub samples: RangeBounds,
    /// A digest of the bundles, which tells whether a second run made the same.
    pub digest: u64,
    /// The process that ran it.
    pub pid: u32,
    /// Time from start to end, in microseconds.
    pub micros: u64,
    /// Time that the worker waited for the inputs before the start, in microseconds.
    #[serde(default)]
    pub fetch_micros: u64,
    /// What the operators did, in the order of their numbers.
    #[serde(default)]
    pub operators: Vec<OperatorMetrics>,
}
