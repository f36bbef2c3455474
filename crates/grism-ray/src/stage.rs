//! Stages: the only unit of distribution.

use std::sync::Arc;

use grism_engine::{
    ExchangeMode, OperatorId, OperatorIds, PartitioningSpec, PhysicalOperator, PhysicalSchema,
    Resources,
};
use serde::{Deserialize, Serialize};

/// The part of a plan that one task of a stage runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhysicalSubPlan {
    /// Its root; stage inputs stand where exchanges were.
    pub root: Arc<dyn PhysicalOperator>,
}

/// What a stage reads of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageInputSpec {
    /// The stage that makes it.
    pub stage_id: usize,
    /// How it moves.
    pub mode: ExchangeMode,
    /// How it is split.
    pub partitioning: PartitioningSpec,
}

/// What a stage puts out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageOutput {
    /// How it moves on.
    pub mode: ExchangeMode,
    /// How it is split.
    pub partitioning: PartitioningSpec,
    /// Why it moves.
    pub reason: String,
}

impl StageOutput {
    /// Partitions that a task writes. A range is cut by its readers, since its bounds are known only when every task
    /// has sampled its rows.
    #[must_use]
    pub fn written_partitions(&self) -> usize {
        match (&self.mode, &self.partitioning) {
            (ExchangeMode::Shuffle, PartitioningSpec::Range { .. }) => 1,
            (ExchangeMode::Shuffle, partitioning) => partitioning.partitions().max(1),
            _ => 1,
        }
    }
}

/// A sub-plan, the number of its tasks, where its rows come from and where they go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExecutionStage {
    /// Its number; inputs have smaller ones.
    pub stage_id: usize,
    /// What each task runs.
    pub plan: PhysicalSubPlan,
    /// The number of the plan's root among the operators of all stages; the others follow.
    pub first_operator: OperatorId,
    /// What it reads of other stages.
    pub inputs: Vec<StageInputSpec>,
    /// How its input is split; `None` where it reads tables.
    pub input_partitioning: Option<PartitioningSpec>,
    /// How its output is split; `None` where it is the result.
    pub output_partitioning: Option<PartitioningSpec>,
    /// The rest of what is known of the output; `None` where it is the result.
    pub output: Option<StageOutput>,
    /// How many tasks it has.
    pub tasks: usize,
    /// What a worker must have to run its tasks.
    pub resources: Resources,
    /// Why exchanges that one might expect here are not needed.
    pub notes: Vec<String>,
}

impl ExecutionStage {
    /// The numbers of the stage's operators.
    #[must_use]
    pub fn operator_ids(&self) -> OperatorIds {
        OperatorIds::of(&self.plan.root, self.first_operator)
    }

    /// Partitions that a task writes.
    #[must_use]
    pub fn written_partitions(&self) -> usize {
        self.output
            .as_ref()
            .map_or(1, StageOutput::written_partitions)
    }
}

/// Stages in the order they can run; the last one makes the result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DistributedPlan {
    /// The stages.
    pub stages: Vec<ExecutionStage>,
    /// The result's columns.
    pub schema: PhysicalSchema,
}

/// Slots that `partitions` partitions are bundled in where there are `workers` workers.
#[must_use]
pub fn slot_count(partitions: usize, workers: usize) -> usize {
    partitions.min(workers).max(1)
}

/// The slot that holds `partition`.
#[must_use]
pub fn slot_of(partition: usize, partitions: usize, slots: usize) -> usize {
    partition * slots / partitions.max(1)
}
