//! `Scheduler`: the state of one query, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};

use grism_engine::{PartitioningSpec, Resources, TaskMetrics};

use super::{SchedulerConfig, TaskRef};
use crate::{DistributedPlan, TaskStatistics};

/// The state of one query.
#[derive(Debug)]
pub struct Scheduler {
    pub(super) config: SchedulerConfig,
    pub(super) stages: Vec<StageState>,
    pub(super) workers: BTreeMap<String, BTreeSet<TaskRef>>,
    /// What workers have beside cores and memory, those that have anything.
    pub(super) resources: BTreeMap<String, Resources>,
    pub(super) now_ms: u64,
    pub(super) workerless_since: Option<u64>,
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(super) struct StageState {
    pub(super) inputs: Vec<usize>,
    pub(super) consumers: Vec<usize>,
    pub(super) range: Option<usize>,
    pub(super) resources: Resources,
    /// Since when its tasks wait for a worker with the resources.
    pub(super) starved_since: Option<u64>,
    pub(super) tasks: Vec<TaskState>,
    pub(super) freed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct TaskState {
    pub(super) status: Status,
    /// Attempts made so far.
    pub(super) attempts: usize,
    pub(super) not_before_ms: u64,
    /// Since when its inputs are there and no worker is free; `None` while it does not wait for one.
    pub(super) queued_since_ms: Option<u64>,
    /// How long its attempts so far have waited for a free worker, in milliseconds.
    pub(super) queued_ms: u64,
    pub(super) avoid: Option<String>,
    /// The digest of an output that others have read.
    pub(super) digest: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum Status {
    Waiting,
    Running {
        attempt: usize,
        worker: String,
    },
    Done {
        attempt: usize,
        worker: String,
        statistics: TaskStatistics,
    },
}

impl Scheduler {
    /// A scheduler for `plan`, without any worker yet.
    #[must_use]
    pub fn new(plan: &DistributedPlan, config: SchedulerConfig) -> Self {
        let mut stages: Vec<StageState> = plan
            .stages
            .iter()
            .map(|stage| StageState {
                inputs: stage.inputs.iter().map(|input| input.stage_id).collect(),
                consumers: Vec::new(),
                resources: stage.resources.clone(),
                starved_since: None,
                range: match &stage.output_partitioning {
                    Some(PartitioningSpec::Range { partitions, .. }) => Some(*partitions),
                    _ => None,
                },
                tasks: vec![
                    TaskState {
                        status: Status::Waiting,
                        attempts: 0,
                        not_before_ms: 0,
                        queued_since_ms: None,
                        queued_ms: 0,
                        avoid: None,
                        digest: None
                    };
                    stage.tasks
                ],
                freed: false,
            })
            .collect();
        for stage in 0..stages.len() {
            for input in stages[stage].inputs.clone() {
                stages[input].consumers.push(stage);
            }
        }
        Self {
            config,
            stages,
            workers: BTreeMap::new(),
            resources: BTreeMap::new(),
            now_ms: 0,
            workerless_since: Some(0),
            ended: false,
        }
    }

    /// What is known of the tasks whose output counts.
    #[must_use]
    pub fn metrics(&self) -> Vec<TaskMetrics> {
        let mut metrics = Vec::new();
        for (stage, state) in self.stages.iter().enumerate() {
            for (task, own) in state.tasks.iter().enumerate() {
                if let Status::Done {
                    worker, statistics, ..
                } = &own.status
                {
                    metrics.push(TaskMetrics {
                        stage,
                        task,
                        attempts: own.attempts,
                        worker: worker.clone(),
                        pid: statistics.pid,
                        rows: statistics.rows,
                        bytes: statistics.bytes,
                        queue_micros: own.queued_ms.saturating_mul(1000),
                        micros: statistics.micros,
                        fetch_micros: statistics.fetch_micros,
                        partition_rows: statistics.partition_rows.clone(),
                        operators: statistics.operators.clone(),
                    });
                }
            }
        }
        metrics
    }

    /// Tasks done and tasks in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let tasks = self.stages.iter().flat_map(|stage| &stage.tasks);
        let done = tasks
            .clone()
            .filter(|task| matches!(task.status, Status::Done { .. }))
            .count();
        (done, tasks.count())
    }

    /// Whether everything that the stage reads is there.
    pub(super) fn can_start(&self, stage: usize) -> bool {
        let mut inputs = self.stages[stage].inputs.iter();
        inputs.all(|input| self.is_done(*input))
    }

    pub(super) fn is_done(&self, stage: usize) -> bool {
        self.stages[stage]
            .tasks
            .iter()
            .all(|task| matches!(task.status, Status::Done { .. }))
    }
}
