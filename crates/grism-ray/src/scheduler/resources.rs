//! Tasks that need resources: which worker has them, and how long they are waited for.

use grism_core::Error;
use grism_engine::Resources;

use super::state::Status;
use super::{Action, Scheduler};

impl Scheduler {
    /// Whether a worker has what a task needs.
    pub(super) fn has(&self, worker: &str, needed: &Resources) -> bool {
        match self.resources.get(worker) {
            Some(own) => own.missing(needed).is_none(),
            None => needed.is_empty(),
        }
    }

    /// Asks for workers with resources that tasks wait for and no worker has, once for each time of waiting; ends the query
    /// where they have waited for too long.
    pub(super) fn await_resources(&mut self, actions: &mut Vec<Action>) {
        for index in 0..self.stages.len() {
            let stage = &self.stages[index];
            let needed = &stage.resources;
            let waiting = stage.tasks.iter();
            let waiting = waiting.filter(|task| matches!(task.status, Status::Waiting));
            let tasks = match needed.is_empty() || !self.can_start(index) {
                true => 0,
                false => waiting.count(),
            };
            if tasks == 0 || self.workers.keys().any(|worker| self.has(worker, needed)) {
                self.stages[index].starved_since = None;
                continue;
            }
            let Some(since) = stage.starved_since else {
                actions.push(Action::AwaitResources {
                    stage: index,
                    tasks,
                    resources: needed.clone(),
                    message: format!(
                        "stage {index} waits for a worker with the resources [{needed}]"
                    ),
                });
                self.stages[index].starved_since = Some(self.now_ms);
                continue;
            };
            let timeout = self.config.resource_timeout_ms;
            if self.now_ms.saturating_sub(since) > timeout {
                let error = Error::unavailable(format!(
                    "stage {index} needs a worker with the resources [{needed}], and none came within {} s: add a node to the \
                     cluster that has them free, or raise resource_timeout",
                    timeout as f64 / 1e3
                ));
                self.fail(error, actions);
                return;
            }
        }
    }
}
