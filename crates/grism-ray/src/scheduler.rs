//! The scheduler: a state machine without I/O. What happened comes in as events, what to do goes out as actions.
//!
//! A task runs when every task of the stages it reads is done. A lost worker takes its running tasks with it, not what
//! it had finished: outputs live in the object store, and only when one of them is lost is the task behind it run
//! again, and nothing else. A second run that makes other bytes than the first takes back what was made of the first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use grism_core::Error;
use grism_engine::{PartitioningSpec, RangeBounds, choose_bounds};
use serde::{Deserialize, Serialize};

use crate::{DistributedPlan, TaskMetrics, TaskStatistics};

/// One attempt at one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskRef {
    /// The stage.
    pub stage: usize,
    /// The task within it.
    pub task: usize,
    /// The attempt, counted from 0.
    pub attempt: usize,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A worker is ready for tasks.
    WorkerUp {
        /// Its name.
        worker: String,
    },
    /// A worker is gone, and the tasks that ran on it.
    WorkerLost {
        /// Its name.
        worker: String,
    },
    /// A task is done.
    TaskFinished {
        /// Which one.
        task: TaskRef,
        /// What it made.
        statistics: TaskStatistics,
    },
    /// A task failed.
    TaskFailed {
        /// Which one.
        task: TaskRef,
        /// Why.
        error: Error,
    },
    /// The output of a task cannot be read any more.
    OutputLost {
        /// Whose output.
        task: TaskRef,
    },
    /// Time passed.
    Tick {
        /// Milliseconds on the driver's clock.
        now_ms: u64,
    },
    /// The caller wants no answer any more.
    Cancel,
}

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Start a task.
    Launch {
        /// Which one.
        task: TaskRef,
        /// Where.
        worker: String,
        /// For each input of the stage, the attempts whose output it reads.
        inputs: Vec<Vec<TaskRef>>,
        /// For each input, the bounds of a range.
        bounds: Vec<Option<RangeBounds>>,
    },
    /// Stop a task whose output is not wanted any more.
    CancelTask {
        /// Which one.
        task: TaskRef,
    },
    /// Forget the outputs of a stage: everything that reads them is done.
    Free {
        /// Which stage.
        stage: usize,
    },
    /// The answer is what these attempts put out, in this order.
    Finish {
        /// The tasks of the last stage.
        outputs: Vec<TaskRef>,
    },
    /// There will be no answer.
    Fail {
        /// Why.
        error: Error,
    },
}

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
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            tasks_per_worker: 1,
            backoff_ms: 50,
            no_worker_timeout_ms: 30_000,
        }
    }
}

/// The state of one query.
#[derive(Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
    stages: Vec<StageState>,
    workers: BTreeMap<String, BTreeSet<TaskRef>>,
    now_ms: u64,
    workerless_since: Option<u64>,
    ended: bool,
}

#[derive(Debug)]
struct StageState {
    inputs: Vec<usize>,
    consumers: Vec<usize>,
    range: Option<usize>,
    tasks: Vec<TaskState>,
    freed: bool,
}

#[derive(Clone, Debug)]
struct TaskState {
    status: Status,
    /// Attempts made so far.
    attempts: usize,
    not_before_ms: u64,
    avoid: Option<String>,
    /// The digest of an output that others have read.
    digest: Option<u64>,
}

#[derive(Clone, Debug)]
enum Status {
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
                range: match &stage.output_partitioning {
                    Some(PartitioningSpec::Range { partitions, .. }) => Some(*partitions),
                    _ => None,
                },
                tasks: vec![
                    TaskState {
                        status: Status::Waiting,
                        attempts: 0,
                        not_before_ms: 0,
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
            now_ms: 0,
            workerless_since: Some(0),
            ended: false,
        }
    }

    /// Takes in what happened and tells what to do.
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        if self.ended {
            return Vec::new();
        }
        let mut actions = Vec::new();
        match event {
            Event::WorkerUp { worker } => {
                self.workers.entry(worker).or_default();
                self.workerless_since = None;
            }
            Event::WorkerLost { worker } => {
                for task in self.workers.remove(&worker).unwrap_or_default() {
                    let error = Error::unavailable(format!("the worker {worker} is gone"));
                    self.again(task, Some(worker.clone()), error, &mut actions);
                }
                if self.workers.is_empty() {
                    self.workerless_since.get_or_insert(self.now_ms);
                }
            }
            Event::TaskFinished { task, statistics } => {
                self.finished(task, statistics, &mut actions)
            }
            Event::TaskFailed { task, error } => {
                if let Some(worker) = self.running(task) {
                    self.release(task);
                    if error.kind().is_retryable() {
                        self.again(task, Some(worker), error, &mut actions);
                    } else {
                        self.fail(error, &mut actions);
                    }
                }
            }
            Event::OutputLost { task } => self.output_lost(task),
            Event::Tick { now_ms } => {
                self.now_ms = self.now_ms.max(now_ms);
                let since = self.workerless_since.filter(|_| self.workers.is_empty());
                if since.is_some_and(|since| {
                    self.now_ms.saturating_sub(since) > self.config.no_worker_timeout_ms
                }) {
                    self.fail(
                        Error::unavailable("every worker is gone, and no new one came"),
                        &mut actions,
                    );
                }
            }
            Event::Cancel => self.fail(Error::cancelled(), &mut actions),
        }
        if !self.ended {
            self.launch(&mut actions);
            self.free(&mut actions);
            self.finish(&mut actions);
        }
        actions
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
                        micros: statistics.micros,
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

    fn running(&self, task: TaskRef) -> Option<String> {
        match &self.stages.get(task.stage)?.tasks.get(task.task)?.status {
            Status::Running { attempt, worker } if *attempt == task.attempt => Some(worker.clone()),
            // A late word of an attempt that does not count any more.
            _ => None,
        }
    }

    fn release(&mut self, task: TaskRef) {
        for running in self.workers.values_mut() {
            running.remove(&task);
        }
    }

    fn finished(&mut self, task: TaskRef, statistics: TaskStatistics, actions: &mut Vec<Action>) {
        let Some(worker) = self.running(task) else {
            self.release(task);
            return;
        };
        self.release(task);
        let own = &mut self.stages[task.stage].tasks[task.task];
        let differs = own.digest.is_some_and(|digest| digest != statistics.digest);
        own.digest = Some(statistics.digest);
        own.status = Status::Done {
            attempt: task.attempt,
            worker,
            statistics,
        };
        if differs {
            self.invalidate_consumers(task.stage, actions);
        }
    }

    /// What was made of an output that exists no more in that form is made again.
    fn invalidate_consumers(&mut self, stage: usize, actions: &mut Vec<Action>) {
        for consumer in self.stages[stage].consumers.clone() {
            for task in 0..self.stages[consumer].tasks.len() {
                let own = &mut self.stages[consumer].tasks[task];
                match std::mem::replace(&mut own.status, Status::Waiting) {
                    Status::Running { attempt, .. } => {
                        let stale = TaskRef {
                            stage: consumer,
                            task,
                            attempt,
                        };
                        actions.push(Action::CancelTask { task: stale });
                        self.release(stale);
                    }
                    Status::Done { .. } => self.invalidate_consumers(consumer, actions),
                    Status::Waiting => {}
                }
            }
        }
    }

    /// Puts a task back that did not get done.
    fn again(
        &mut self,
        task: TaskRef,
        avoid: Option<String>,
        error: Error,
        actions: &mut Vec<Action>,
    ) {
        let own = &mut self.stages[task.stage].tasks[task.task];
        if !matches!(&own.status, Status::Running { attempt, .. } if *attempt == task.attempt) {
            return;
        }
        own.status = Status::Waiting;
        if own.attempts >= self.config.max_attempts {
            let attempts = own.attempts;
            let error = error.context(format!(
                "task {} of stage {} failed {attempts} times",
                task.task, task.stage
            ));
            self.fail(error, actions);
            return;
        }
        own.avoid = avoid;
        own.not_before_ms = self.now_ms + (self.config.backoff_ms << (own.attempts - 1).min(8));
    }

    fn output_lost(&mut self, task: TaskRef) {
        let Some(stage) = self.stages.get(task.stage) else {
            return;
        };
        let is_last = stage.consumers.is_empty();
        let wanted = is_last
            || stage
                .consumers
                .iter()
                .any(|consumer| !self.is_done(*consumer));
        let own = &mut self.stages[task.stage].tasks[task.task];
        if wanted && matches!(&own.status, Status::Done { attempt, .. } if *attempt == task.attempt)
        {
            own.status = Status::Waiting;
            own.not_before_ms = 0;
        }
    }

    fn is_done(&self, stage: usize) -> bool {
        self.stages[stage]
            .tasks
            .iter()
            .all(|task| matches!(task.status, Status::Done { .. }))
    }

    fn launch(&mut self, actions: &mut Vec<Action>) {
        let mut ready: VecDeque<(usize, usize)> = VecDeque::new();
        for (index, stage) in self.stages.iter().enumerate() {
            if !stage.inputs.iter().all(|input| self.is_done(*input)) {
                continue;
            }
            for (task, own) in stage.tasks.iter().enumerate() {
                if matches!(own.status, Status::Waiting) && own.not_before_ms <= self.now_ms {
                    ready.push_back((index, task));
                }
            }
        }
        for (stage, task) in ready {
            let avoid = self.stages[stage].tasks[task].avoid.clone();
            let free = self
                .workers
                .iter()
                .filter(|(_, running)| running.len() < self.config.tasks_per_worker);
            // The least busy worker, and another one than where it failed, where there is a choice.
            let Some(worker) = free
                .min_by_key(|(worker, running)| (avoid.as_ref() == Some(worker), running.len()))
                .map(|(worker, _)| worker.clone())
            else {
                return;
            };
            let own = &mut self.stages[stage].tasks[task];
            let launched = TaskRef {
                stage,
                task,
                attempt: own.attempts,
            };
            own.attempts += 1;
            own.status = Status::Running {
                attempt: launched.attempt,
                worker: worker.clone(),
            };
            self.workers
                .entry(worker.clone())
                .or_default()
                .insert(launched);
            let inputs = self.stages[stage].inputs.clone();
            actions.push(Action::Launch {
                task: launched,
                worker,
                inputs: inputs.iter().map(|input| self.outputs(*input)).collect(),
                bounds: inputs.iter().map(|input| self.bounds(*input)).collect(),
            });
        }
    }

    /// The attempts whose outputs make up a stage that is done.
    fn outputs(&self, stage: usize) -> Vec<TaskRef> {
        let tasks = self.stages[stage].tasks.iter().enumerate();
        tasks
            .filter_map(|(task, own)| match &own.status {
                Status::Done { attempt, .. } => Some(TaskRef {
                    stage,
                    task,
                    attempt: *attempt,
                }),
                _ => None,
            })
            .collect()
    }

    fn bounds(&self, stage: usize) -> Option<RangeBounds> {
        let partitions = self.stages[stage].range?;
        let tasks = self.stages[stage].tasks.iter();
        let samples = tasks.filter_map(|own| match &own.status {
            Status::Done { statistics, .. } => Some(statistics.samples.clone()),
            _ => None,
        });
        Some(choose_bounds(samples.flatten().collect(), partitions))
    }

    fn free(&mut self, actions: &mut Vec<Action>) {
        for stage in 0..self.stages.len() {
            let state = &self.stages[stage];
            // A consumer's own output can still be lost, and then this one is needed again: only the end frees.
            let settled = !state.consumers.is_empty() && self.is_done(self.stages.len() - 1);
            if settled && !state.freed {
                self.stages[stage].freed = true;
                actions.push(Action::Free { stage });
            }
        }
    }

    fn finish(&mut self, actions: &mut Vec<Action>) {
        let last = self.stages.len() - 1;
        if self.is_done(last) {
            self.ended = true;
            actions.push(Action::Finish {
                outputs: self.outputs(last),
            });
        }
    }

    fn fail(&mut self, error: Error, actions: &mut Vec<Action>) {
        if self.ended {
            return;
        }
        self.ended = true;
        for running in self.workers.values() {
            actions.extend(
                running
                    .iter()
                    .map(|task| Action::CancelTask { task: *task }),
            );
        }
        actions.push(Action::Fail { error });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use grism_core::ErrorKind;
    use grism_engine::PhysicalSchema;
    use grism_engine::operators::EmptyExec;
    use grism_logical::PlanSchema;

    use super::*;
    use crate::{ExchangeMode, ExecutionStage, PhysicalSubPlan, StageInputSpec, StageOutput};

    /// Three stages: four tasks, then three, then one.
    fn plan() -> DistributedPlan {
        let schema = PhysicalSchema::from(PlanSchema::default());
        let partitioning = |tasks| PartitioningSpec::Hash {
            keys: vec!["k".to_owned()],
            partitions: tasks,
        };
        let sizes = [4, 3, 1];
        let stages = (0..3).map(|stage_id: usize| {
            let output = (stage_id < 2).then(|| StageOutput {
                mode: ExchangeMode::Shuffle,
                partitioning: partitioning(sizes[stage_id + 1]),
                reason: String::new(),
            });
            let input = stage_id.checked_sub(1).map(|below| StageInputSpec {
                stage_id: below,
                mode: ExchangeMode::Shuffle,
                partitioning: partitioning(sizes[stage_id]),
            });
            ExecutionStage {
                stage_id,
                plan: PhysicalSubPlan {
                    root: Arc::new(EmptyExec::new(schema.clone())),
                },
                inputs: input.into_iter().collect(),
                input_partitioning: None,
                output_partitioning: output.as_ref().map(|output| output.partitioning.clone()),
                output,
                tasks: sizes[stage_id],
                notes: Vec::new(),
            }
        });
        DistributedPlan {
            stages: stages.collect(),
            schema,
        }
    }

    fn finished(task: TaskRef, digest: u64) -> Event {
        Event::TaskFinished {
            task,
            statistics: TaskStatistics {
                digest,
                ..TaskStatistics::default()
            },
        }
    }

    /// A world of workers and outputs in which things go wrong as a seed says.
    struct World {
        scheduler: Scheduler,
        state: u64,
        now_ms: u64,
        workers: Vec<String>,
        started: usize,
        running: Vec<(TaskRef, String, Vec<TaskRef>)>,
        outputs: BTreeMap<TaskRef, String>,
        end: Option<Action>,
        faults: usize,
    }

    impl World {
        fn new(seed: u64) -> Self {
            let config = SchedulerConfig {
                max_attempts: 8,
                ..SchedulerConfig::default()
            };
            let scheduler = Scheduler::new(&plan(), config);
            let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            Self {
                scheduler,
                state,
                now_ms: 0,
                workers: Vec::new(),
                started: 0,
                running: Vec::new(),
                outputs: BTreeMap::new(),
                end: None,
                faults: 0,
            }
        }

        fn random(&mut self, below: usize) -> usize {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            (self.state % below.max(1) as u64) as usize
        }

        fn tell(&mut self, event: Event) {
            for action in self.scheduler.handle(event) {
                match action {
                    Action::Launch {
                        task,
                        worker,
                        inputs,
                        ..
                    } => {
                        assert!(
                            self.workers.contains(&worker),
                            "a task is launched where a worker is"
                        );
                        self.running
                            .push((task, worker, inputs.into_iter().flatten().collect()));
                    }
                    Action::CancelTask { task } => self.running.retain(|(own, ..)| *own != task),
                    Action::Free { .. } => {}
                    end @ (Action::Finish { .. } | Action::Fail { .. }) => {
                        assert!(self.end.is_none(), "a query ends once");
                        self.end = Some(end);
                    }
                }
            }
        }

        fn worker_up(&mut self) {
            let worker = format!("w{}", self.started);
            self.started += 1;
            self.workers.push(worker.clone());
            self.tell(Event::WorkerUp { worker });
        }

        /// Takes a worker away, and what it held where its node goes too.
        fn worker_lost(&mut self, with_outputs: bool) {
            let index = self.random(self.workers.len());
            let worker = self.workers.remove(index);
            self.running.retain(|(_, own, _)| *own != worker);
            if with_outputs {
                self.outputs.retain(|_, own| *own != worker);
            }
            self.faults += 1;
            self.tell(Event::WorkerLost { worker });
        }

        fn step(&mut self) {
            self.now_ms += 40;
            let now_ms = self.now_ms;
            self.tell(Event::Tick { now_ms });
            match self.random(12) {
                0 if self.workers.len() > 1 && self.faults < 6 => {
                    let with_outputs = self.random(2) == 0;
                    self.worker_lost(with_outputs);
                }
                1 if self.workers.len() < 4 => self.worker_up(),
                _ if self.running.is_empty() => {}
                2 if self.faults < 6 => {
                    self.faults += 1;
                    let index = self.random(self.running.len());
                    let (task, ..) = self.running.remove(index);
                    self.tell(Event::TaskFailed {
                        task,
                        error: Error::unavailable("a fault"),
                    });
                }
                _ => {
                    let index = self.random(self.running.len());
                    let (task, worker, inputs) = self.running.remove(index);
                    let lost: Vec<TaskRef> = inputs
                        .into_iter()
                        .filter(|input| !self.outputs.contains_key(input))
                        .collect();
                    if lost.is_empty() {
                        self.outputs.insert(task, worker);
                        // One task in four makes other bytes each time.
                        let digest = if task.task == 3 {
                            task.attempt as u64
                        } else {
                            0
                        };
                        self.tell(finished(task, digest));
                        // The same word twice changes nothing.
                        self.tell(finished(task, digest));
                        return;
                    }
                    for task in lost {
                        self.tell(Event::OutputLost { task });
                    }
                    self.tell(Event::TaskFailed {
                        task,
                        error: Error::unavailable("lost"),
                    });
                }
            }
        }
    }

    #[test]
    fn a_thousand_faulty_runs_end_with_an_answer_whose_outputs_exist() {
        let (mut answers, mut faults) = (0, 0);
        for seed in 0..1000 {
            let mut world = World::new(seed);
            world.worker_up();
            world.worker_up();
            for _ in 0..4000 {
                if world.end.is_some() {
                    break;
                }
                world.step();
            }
            faults += world.faults;
            match world
                .end
                .unwrap_or_else(|| panic!("seed {seed} did not end"))
            {
                Action::Finish { outputs } => {
                    answers += 1;
                    assert_eq!(outputs.len(), 1);
                    let metrics = world.scheduler.metrics();
                    assert_eq!(metrics.len(), 8, "seed {seed}");
                    assert!(metrics.iter().all(|task| task.attempts <= 8));
                }
                Action::Fail { error } => {
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "seed {seed}")
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(
            answers > 900 && faults > 1000,
            "{answers} answers through {faults} faults"
        );
    }

    #[test]
    fn a_user_error_is_not_tried_again() {
        let mut world = World::new(1);
        world.worker_up();
        let (task, ..) = world.running[0].clone();
        world.tell(Event::TaskFailed {
            task,
            error: Error::invalid_data("division by zero"),
        });
        assert!(
            matches!(&world.end, Some(Action::Fail { error }) if error.kind() == ErrorKind::InvalidData)
        );
    }

    #[test]
    fn without_workers_the_query_fails_in_bounded_time() {
        let mut world = World::new(1);
        world.worker_up();
        world.worker_lost(true);
        world.tell(Event::Tick { now_ms: 31_000 });
        assert!(
            matches!(&world.end, Some(Action::Fail { error }) if error.kind() == ErrorKind::Unavailable)
        );
    }
}
