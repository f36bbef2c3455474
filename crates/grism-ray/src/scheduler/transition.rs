//! What an event does to the state: tasks end, fail, run again, or are made anew with what was made of them.

use grism_core::Error;

use super::state::Status;
use super::{Action, Event, Scheduler, TaskRef};
use crate::TaskStatistics;

impl Scheduler {
    /// Takes in what happened at a time, in milliseconds since the query began, and tells what to do.
    pub fn handle_at(&mut self, now_ms: u64, event: Event) -> Vec<Action> {
        self.now_ms = self.now_ms.max(now_ms);
        self.handle(event)
    }

    /// Takes in what happened and tells what to do.
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        if self.ended {
            return Vec::new();
        }
        let mut actions = Vec::new();
        match event {
            Event::WorkerUp { worker, resources } => {
                if !resources.is_empty() {
                    self.resources.insert(worker.clone(), resources);
                }
                self.workers.entry(worker).or_default();
                self.workerless_since = None;
            }
            Event::WorkerLost { worker } => {
                self.resources.remove(&worker);
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
        if !self.ended {
            self.await_resources(&mut actions);
        }
        actions
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

    pub(super) fn fail(&mut self, error: Error, actions: &mut Vec<Action>) {
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
