//! What the state calls for: tasks that can start, outputs that nobody needs, and the answer.

use std::collections::VecDeque;

use grism_engine::{RangeBounds, choose_bounds};

use super::state::Status;
use super::{Action, Scheduler, TaskRef};

impl Scheduler {
    pub(super) fn launch(&mut self, actions: &mut Vec<Action>) {
        let mut ready: VecDeque<(usize, usize)> = VecDeque::new();
        for (index, stage) in self.stages.iter().enumerate() {
            if !self.can_start(index) {
                continue;
            }
            for (task, own) in stage.tasks.iter().enumerate() {
                if matches!(own.status, Status::Waiting) && own.not_before_ms <= self.now_ms {
                    ready.push_back((index, task));
                }
            }
        }
        for (stage, task) in &ready {
            let own = &mut self.stages[*stage].tasks[*task];
            own.queued_since_ms.get_or_insert(self.now_ms);
        }
        for (stage, task) in ready {
            let avoid = self.stages[stage].tasks[task].avoid.clone();
            let mut free = self
                .workers
                .iter()
                .filter(|(_, running)| running.len() < self.config.tasks_per_worker)
                .peekable();
            if free.peek().is_none() {
                return;
            }
            let needed = &self.stages[stage].resources;
            let able = free.filter(|(worker, _)| self.has(worker, needed));
            // The least busy worker, and another one than where it failed, where there is a choice; one with resources is left to
            // tasks that need them.
            let Some(worker) = able
                .min_by_key(|(worker, running)| {
                    let is_kept = needed.is_empty() && self.resources.contains_key(*worker);
                    (avoid.as_ref() == Some(worker), is_kept, running.len())
                })
                .map(|(worker, _)| worker.clone())
            else {
                continue;
            };
            let own = &mut self.stages[stage].tasks[task];
            let launched = TaskRef {
                stage,
                task,
                attempt: own.attempts,
            };
            own.attempts += 1;
            let queued_since = own.queued_since_ms.take().unwrap_or(self.now_ms);
            own.queued_ms += self.now_ms.saturating_sub(queued_since);
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

    pub(super) fn free(&mut self, actions: &mut Vec<Action>) {
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

    pub(super) fn finish(&mut self, actions: &mut Vec<Action>) {
        let last = self.stages.len() - 1;
        if self.is_done(last) {
            self.ended = true;
            actions.push(Action::Finish {
                outputs: self.outputs(last),
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
}
