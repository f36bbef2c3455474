//! `StagedExecutor`: stages in this process, driven by the scheduler that drives Ray.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arrow::buffer::Buffer;
use futures::StreamExt;
use grism_core::{Error, Result, SnapshotId, Storage};
use grism_engine::{
    CancellationHandle, MemoryManager, PhysicalSchema, PoolMemoryManager, RecordBatchStream,
    RuntimeConfig, new_query_id,
};
use tokio::sync::mpsc;

use crate::{
    Action, DistributedPlan, Event, Scheduler, SchedulerConfig, StageExecutor, TaskInput,
    TaskMetrics, TaskOutput, TaskRef, TaskSpec, read_partition, slot_count, slot_of,
};

/// How often the scheduler is told the time.
const TICK: Duration = Duration::from_millis(20);

/// The outcome of a staged run.
pub struct StagedResult {
    schema: PhysicalSchema,
    stream: RecordBatchStream,
    tasks: Arc<Mutex<Vec<TaskMetrics>>>,
}

impl StagedResult {
    /// A result of these parts.
    #[must_use]
    pub fn new(
        schema: PhysicalSchema,
        stream: RecordBatchStream,
        tasks: Arc<Mutex<Vec<TaskMetrics>>>,
    ) -> Self {
        Self {
            schema,
            stream,
            tasks,
        }
    }

    /// The result's columns.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    /// What the tasks did, once they are done.
    #[must_use]
    pub fn tasks(&self) -> Arc<Mutex<Vec<TaskMetrics>>> {
        Arc::clone(&self.tasks)
    }

    /// The batches.
    #[must_use]
    pub fn into_stream(self) -> RecordBatchStream {
        self.stream
    }
}

impl fmt::Debug for StagedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedResult")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Runs stages on the threads of this process.
#[derive(Clone, Debug)]
pub struct StagedExecutor {
    config: RuntimeConfig,
    memory: Arc<dyn MemoryManager>,
}

impl StagedExecutor {
    /// An executor with as many workers as `config` has threads.
    #[must_use]
    pub fn new(config: RuntimeConfig) -> Self {
        let limit = config.memory_limit.unwrap_or(usize::MAX / 2);
        Self {
            config,
            memory: Arc::new(PoolMemoryManager::new(limit)),
        }
    }

    /// Runs `plan` on a snapshot of `storage`.
    ///
    /// # Errors
    /// What the plan can meet; `Cancelled` where the time ran out; `Unavailable` where an operator needs a resource that the
    /// settings do not name.
    pub async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotId,
    ) -> Result<StagedResult> {
        let mut roots = plan.stages.iter().map(|stage| &stage.plan.root);
        roots.try_for_each(|root| self.config.resources.check(root))?;
        let snapshot = storage.snapshot(snapshot).await?;
        let workers = self.config.workers();
        let deadline = self
            .config
            .timeout_ms
            .map(|timeout| Instant::now() + Duration::from_millis(timeout));
        let mut run = Run {
            plan: &plan,
            storage,
            snapshot: snapshot.id(),
            commit: snapshot.commit().to_owned(),
            workers,
            config: self.config.clone(),
            executor: StageExecutor::new(Arc::clone(&self.memory)),
            cancellation: CancellationHandle::with_deadline(deadline),
            outputs: HashMap::new(),
            query_id: new_query_id(),
        };
        let mut scheduler = Scheduler::new(&plan, SchedulerConfig::default());
        let (sender, mut events) = mpsc::unbounded_channel();
        for worker in 0..workers {
            let _ = sender.send((
                Event::WorkerUp {
                    worker: format!("thread-{worker}"),
                    resources: self.config.resources.clone(),
                },
                None,
            ));
        }
        let start = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        loop {
            let (event, output) = tokio::select! {
                Some(event) = events.recv() => event,
                _ = ticks.tick() => {
                    let now_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                    (Event::Tick { now_ms }, None)
                }
            };
            if let (Event::TaskFinished { task, .. }, Some(output)) = (&event, output) {
                run.outputs.insert(*task, output);
            }
            for action in scheduler.handle(event) {
                match action {
                    Action::Launch {
                        task,
                        inputs,
                        bounds,
                        ..
                    } => run.launch(task, &inputs, &bounds, &sender)?,
                    // Every worker has what this process has, which was checked.
                    Action::CancelTask { .. } | Action::AwaitResources { .. } => {}
                    Action::Free { stage } => run.outputs.retain(|task, _| task.stage != stage),
                    Action::Fail { error } => {
                        run.cancellation.cancel();
                        return Err(error);
                    }
                    Action::Finish { outputs } => {
                        let bundles = outputs
                            .iter()
                            .filter_map(|task| run.outputs.remove(task))
                            .flatten()
                            .collect();
                        let tasks = Arc::new(Mutex::new(scheduler.metrics()));
                        return Ok(StagedResult::new(
                            plan.schema.clone(),
                            collect_outputs(bundles),
                            tasks,
                        ));
                    }
                }
            }
        }
    }
}

/// The rows of result bundles, one bundle after the other.
#[must_use]
pub fn collect_outputs(bundles: Vec<Buffer>) -> RecordBatchStream {
    let batches = bundles
        .into_iter()
        .flat_map(|bundle| match read_partition(&bundle, 0) {
            Ok(batches) => batches.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        });
    futures::stream::iter(batches).boxed()
}

type Sender = mpsc::UnboundedSender<(Event, Option<Vec<Buffer>>)>;

/// One query.
struct Run<'a> {
    plan: &'a DistributedPlan,
    storage: Arc<dyn Storage>,
    snapshot: SnapshotId,
    commit: String,
    workers: usize,
    config: RuntimeConfig,
    executor: StageExecutor,
    cancellation: CancellationHandle,
    outputs: HashMap<TaskRef, Vec<Buffer>>,
    query_id: String,
}

impl Run<'_> {
    fn launch(
        &self,
        task: TaskRef,
        inputs: &[Vec<TaskRef>],
        bounds: &[Option<grism_engine::RangeBounds>],
        sender: &Sender,
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
        let (cancellation, sender) = (self.cancellation.clone(), sender.clone());
        let attempt = tokio::spawn(async move {
            let run = async {
                let spec = TaskSpec::from_bytes(&bytes)?;
                executor
                    .execute(&spec, bundles, storage, cancellation)
                    .await
            };
            run.await
        });
        tokio::spawn(async move {
            // A task that panicked is a task that failed.
            let ended = attempt.await.unwrap_or_else(|error| {
                Err(Error::internal(format!("a task did not end: {error}")))
            });
            let message = match ended {
                Ok(TaskOutput {
                    bundles,
                    statistics,
                }) => (Event::TaskFinished { task, statistics }, Some(bundles)),
                Err(error) => (Event::TaskFailed { task, error }, None),
            };
            let _ = sender.send(message);
        });
        Ok(())
    }
}
