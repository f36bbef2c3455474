//! `StagedExecutor`: stages in this process, driven by the scheduler that drives Ray.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::buffer::Buffer;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, SnapshotId, SnapshotSelector, Storage};
use grism_engine::{
    CancellationHandle, ExecutionResult, Executor, MemoryBudget, RecordBatchStream, RunHandle,
    RuntimeConfig, new_query_id,
};
use tokio::task::{Id, JoinError, JoinSet};

use crate::{
    Action, DistributedPlan, Event, Scheduler, SchedulerConfig, StageExecutor, TaskInput,
    TaskOutput, TaskRef, TaskSpec, read_partition, slot_count, slot_of,
};

/// How often the scheduler is told the time.
const TICK: Duration = Duration::from_millis(20);

/// Runs stages on the threads of this process.
#[derive(Clone, Debug)]
pub struct StagedExecutor {
    config: RuntimeConfig,
    cancellation: CancellationHandle,
}

impl StagedExecutor {
    /// An executor with as many workers as `config` has threads.
    #[must_use]
    pub fn new(config: RuntimeConfig) -> Self {
        Self {
            config,
            cancellation: CancellationHandle::default(),
        }
    }

    /// The same executor, whose queries stop with `cancellation` too.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationHandle) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Runs `plan` on a snapshot of `storage`. Tasks start when the first batch is asked for.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `Unavailable` where an operator needs a resource that the settings do not
    /// name. What the plan can meet comes through the stream.
    pub async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult> {
        let mut roots = plan.stages.iter().map(|stage| &stage.plan.root);
        roots.try_for_each(|root| self.config.resources.check(root))?;
        // All tasks of the query share its budget.
        let memory = MemoryBudget::new(Arc::clone(storage.memory()), self.config.memory_limit);
        let storage = storage.with_memory(Arc::new(memory));
        let snapshot = storage.snapshot(snapshot).await?;
        let tasks = plan.stages.iter().map(|stage| stage.tasks).sum();
        let cancellation = self.cancellation.child(self.config.deadline());
        let handle = RunHandle::new(cancellation, tasks);
        let schema = plan.schema.clone();
        let run = Run {
            plan,
            storage,
            snapshot: snapshot.id(),
            commit: snapshot.commit().to_owned(),
            workers: self.config.workers(),
            config: self.config.clone(),
            executor: StageExecutor::new(),
            query_id: new_query_id(),
            handle: handle.clone(),
            outputs: HashMap::new(),
            attempts: JoinSet::new(),
            running: HashMap::new(),
        };
        let outputs = futures::stream::once(run.outputs());
        let bundles = outputs.map_ok(|bundles| futures::stream::iter(bundles).map(Ok::<_, Error>));
        let batches = bundles.try_flatten().map_ok(read_bundle).try_flatten();
        Ok(ExecutionResult::new(schema, batches.boxed(), handle))
    }
}

#[async_trait]
impl Executor for StagedExecutor {
    type Plan = DistributedPlan;

    async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult> {
        Self::execute(self, plan, storage, snapshot).await
    }
}

/// The rows of a bundle of the result.
pub(crate) fn read_bundle(bundle: Buffer) -> RecordBatchStream {
    match read_partition(&bundle, 0) {
        Ok(batches) => futures::stream::iter(batches.into_iter().map(Ok)).boxed(),
        Err(error) => futures::stream::iter([Err(error)]).boxed(),
    }
}

/// One query. Its tasks stop where it is dropped.
struct Run {
    plan: DistributedPlan,
    storage: Arc<dyn Storage>,
    snapshot: SnapshotId,
    commit: String,
    workers: usize,
    config: RuntimeConfig,
    executor: StageExecutor,
    query_id: String,
    handle: RunHandle,
    outputs: HashMap<TaskRef, Vec<Buffer>>,
    attempts: JoinSet<Result<TaskOutput>>,
    /// Which attempt each task of tokio runs.
    running: HashMap<Id, TaskRef>,
}

impl Run {
    /// Runs all stages: the bundles of the result.
    async fn outputs(mut self) -> Result<Vec<Buffer>> {
        let mut scheduler = Scheduler::new(&self.plan, SchedulerConfig::default());
        let start = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut events: Vec<Event> = (0..self.workers)
            .map(|worker| self.worker(worker))
            .collect();
        loop {
            for event in std::mem::take(&mut events) {
                let now_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                for action in scheduler.handle_at(now_ms, event) {
                    match action {
                        Action::Launch {
                            task,
                            inputs,
                            bounds,
                            ..
                        } => self.launch(task, &inputs, &bounds)?,
                        // A task whose output is not wanted ends by itself, and every worker has what this process has.
                        Action::CancelTask { .. } | Action::AwaitResources { .. } => {}
                        Action::Free { stage } => {
                            self.outputs.retain(|task, _| task.stage != stage)
                        }
                        Action::Fail { error } => return Err(error),
                        Action::Finish { outputs } => {
                            self.handle.note_tasks(scheduler.metrics());
                            let bundles =
                                outputs.iter().filter_map(|task| self.outputs.remove(task));
                            return Ok(bundles.flatten().collect());
                        }
                    }
                }
                self.handle.note_tasks_done(scheduler.progress().0);
            }
            events.push(tokio::select! {
                Some(ended) = self.attempts.join_next_with_id() => self.ended(ended)?,
                _ = ticks.tick() => {
                    let now_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                    Event::Tick { now_ms }
                }
            });
        }
    }

    fn worker(&self, number: usize) -> Event {
        Event::WorkerUp {
            worker: format!("thread-{number}"),
            resources: self.config.resources.clone(),
        }
    }

    fn launch(
        &mut self,
        task: TaskRef,
        inputs: &[Vec<TaskRef>],
        bounds: &[Option<grism_engine::RangeBounds>],
    ) -> Result<()> {
        let stage = &self.plan.stages[task.stage];
        let mut bundles = Vec::new();
        for (spec, tasks) in stage.inputs.iter().zip(inputs) {
            let written = self.plan.stages[spec.stage_id].written_partitions();
            let partition = if written > 1 { task.task } else { 0 };
            let slot = slot_of(partition, written, slot_count(written, self.workers));
            let read = tasks.iter().map(|input| {
                let output = self
                    .outputs
                    .get(input)
                    .and_then(|bundles| bundles.get(slot))
                    .cloned();
                output.ok_or_else(|| Error::internal("the output of a finished task is not there"))
            });
            bundles.push(read.collect::<Result<Vec<_>>>()?);
        }
        let spec = TaskSpec {
            query_id: self.query_id.clone(),
            stage: stage.clone(),
            task: task.task,
            attempt: task.attempt,
            workers: self.workers,
            inputs: stage
                .inputs
                .iter()
                .zip(bounds)
                .map(|(spec, bounds)| TaskInput {
                    spec: spec.clone(),
                    written: self.plan.stages[spec.stage_id].written_partitions(),
                    bounds: bounds.clone(),
                })
                .collect(),
            storage: self.storage.descriptor(),
            snapshot: self.snapshot,
            commit: self.commit.clone(),
            runtime: self.config.clone(),
        };
        // The task travels as it does to Ray, so that a plan which does not survive the journey is found out here.
        let bytes = spec.to_bytes()?;
        let (executor, storage) = (self.executor.clone(), Arc::clone(&self.storage));
        let cancellation = self.handle.cancellation();
        let attempt = self.attempts.spawn(async move {
            let spec = TaskSpec::from_bytes(&bytes)?;
            executor
                .execute(&spec, bundles, storage, cancellation)
                .await
        });
        self.running.insert(attempt.id(), task);
        Ok(())
    }

    /// What the scheduler is told of an attempt that ended.
    fn ended(
        &mut self,
        ended: std::result::Result<(Id, Result<TaskOutput>), JoinError>,
    ) -> Result<Event> {
        let (id, output) = match ended {
            Ok(ended) => ended,
            // A task that panicked is a task that failed.
            Err(error) => (
                error.id(),
                Err(Error::internal(format!("a task did not end: {error}"))),
            ),
        };
        let task = self.running.remove(&id);
        let task = task.ok_or_else(|| Error::internal("a task ended that was not launched"))?;
        Ok(match output {
            Ok(TaskOutput {
                bundles,
                statistics,
            }) => {
                self.outputs.insert(task, bundles);
                Event::TaskFinished { task, statistics }
            }
            Err(error) => Event::TaskFailed { task, error },
        })
    }
}
