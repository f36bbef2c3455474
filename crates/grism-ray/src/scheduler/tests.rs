//! The scheduler against a world in which workers, tasks and outputs get lost.

use std::collections::BTreeMap;

use grism_core::{Error, ErrorKind};
use grism_engine::operators::EmptyExec;
use grism_engine::{ExchangeMode, Leaf, OperatorId, PartitioningSpec, PhysicalSchema, Resources};
use grism_logical::PlanSchema;

use super::{Action, Event, Scheduler, SchedulerConfig, TaskRef};
use crate::{
    DistributedPlan, ExecutionStage, PhysicalSubPlan, StageInputSpec, StageOutput, TaskStatistics,
};

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
            first_operator: OperatorId::default(),
            plan: PhysicalSubPlan {
                root: EmptyExec::new(schema.clone()).into_operator(),
            },
            inputs: input.into_iter().collect(),
            input_partitioning: None,
            output_partitioning: output.as_ref().map(|output| output.partitioning.clone()),
            output,
            tasks: sizes[stage_id],
            resources: Resources::default(),
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
    /// How many tasks wait for a worker with resources, and what is said of that.
    awaited: Vec<(usize, String)>,
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
            awaited: Vec::new(),
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
                Action::AwaitResources { tasks, message, .. } => {
                    self.awaited.push((tasks, message));
                }
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
        self.tell(Event::WorkerUp {
            worker,
            resources: Resources::default(),
        });
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

/// A plan whose second stage needs a `gpu`, once its first is done on a worker that has none.
fn starved() -> World {
    let mut plan = plan();
    plan.stages[1].resources = Resources::one("gpu");
    let config = SchedulerConfig {
        resource_timeout_ms: 5_000,
        ..SchedulerConfig::default()
    };
    let mut world = World::new(1);
    world.scheduler = Scheduler::new(&plan, config);
    world.worker_up();
    while world.awaited.is_empty() {
        let (task, worker, _) = world.running.remove(0);
        assert_eq!(task.stage, 0);
        world.outputs.insert(task, worker);
        world.tell(finished(task, 0));
    }
    world
}

fn with_gpu(worker: &str) -> Event {
    Event::WorkerUp {
        worker: worker.to_owned(),
        resources: Resources::one("gpu"),
    }
}

#[test]
fn tasks_that_need_a_resource_wait_for_a_worker_that_has_it_and_run_there_alone() {
    let mut world = starved();
    world.tell(Event::Tick { now_ms: 4_000 });
    assert_eq!(
        world.awaited,
        [(
            3,
            "stage 1 waits for a worker with the resources [gpu 1]".to_owned()
        )],
        "it is asked for once"
    );
    assert!(world.running.is_empty() && world.end.is_none());
    world.workers.push("g".to_owned());
    world.tell(with_gpu("g"));
    // What came in time is waited for no more.
    world.tell(Event::Tick { now_ms: 60_000 });
    while let Some((task, worker, _)) = world.running.pop() {
        assert_eq!(worker == "g", task.stage == 1, "{task:?} on {worker}");
        world.tell(finished(task, 0));
    }
    assert!(matches!(world.end, Some(Action::Finish { .. })));
}

#[test]
fn a_resource_that_does_not_come_or_goes_again_fails_the_query_in_bounded_time() {
    for comes in [false, true] {
        let mut world = starved();
        if comes {
            world.workers.push("g".to_owned());
            world.tell(with_gpu("g"));
            world.running.clear();
            world.tell(Event::Tick { now_ms: 10_000 });
            world.tell(Event::WorkerLost {
                worker: "g".to_owned(),
            });
            assert_eq!(world.awaited.len(), 2, "it is asked for anew");
        }
        world.tell(Event::Tick { now_ms: 15_000 });
        world.tell(Event::Tick { now_ms: 15_001 });
        let Some(Action::Fail { error }) = &world.end else {
            panic!("the query did not fail");
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error
                .message()
                .contains("[gpu 1], and none came within 5 s")
        );
    }
}

#[test]
fn tasks_that_wait_for_a_free_worker_say_how_long() {
    let mut scheduler = Scheduler::new(&plan(), SchedulerConfig::default());
    let worker = Event::WorkerUp {
        worker: "only".to_owned(),
        resources: Resources::default(),
    };
    let mut launched = Vec::new();
    let mut now_ms = 5;
    let mut note = |actions: Vec<Action>| {
        let tasks = actions.into_iter().filter_map(|action| match action {
            Action::Launch { task, .. } => Some(task),
            _ => None,
        });
        launched.extend(tasks);
        launched.pop()
    };
    let mut running = note(scheduler.handle_at(now_ms, worker));
    while let Some(task) = running {
        now_ms += 10;
        running = note(scheduler.handle_at(now_ms, finished(task, 1)));
    }
    let queued: Vec<u64> = scheduler
        .metrics()
        .iter()
        .map(|own| own.queue_micros)
        .collect();
    // One after the other, and those of a later stage from the end of the one before.
    let of_stages = [&[0, 10, 20, 30][..], &[0, 10, 20], &[0]];
    let expected: Vec<u64> = of_stages.concat().iter().map(|ms| ms * 1000).collect();
    assert_eq!(queued, expected);
}
