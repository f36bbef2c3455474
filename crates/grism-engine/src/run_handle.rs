//! `RunHandle`: what can be asked about a run, and what stops it, from elsewhere than where its rows are read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use grism_core::CancellationHandle;
use serde::{Deserialize, Serialize};

use crate::{MetricsSink, OperatorMetrics, TaskMetrics, add_metrics};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Tasks of all stages; a run that has no stages is one task.
    pub tasks: usize,
    /// Tasks that are done.
    pub tasks_done: usize,
    /// Rows of the result so far.
    pub rows: u64,
    /// Bytes of the result so far.
    pub bytes: u64,
}

/// A run, while it goes on and afterwards; clones are of the same run.
#[derive(Clone, Debug)]
pub struct RunHandle {
    cancellation: CancellationHandle,
    /// Of a run in this process that has no stages.
    operators: Option<Arc<dyn MetricsSink>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    progress: Progress,
    tasks: Vec<TaskMetrics>,
}

impl RunHandle {
    /// A run of so many tasks, which `cancellation` stops.
    #[must_use]
    pub fn new(cancellation: CancellationHandle, tasks: usize) -> Self {
        let progress = Progress {
            tasks,
            ..Progress::default()
        };
        Self {
            cancellation,
            operators: None,
            state: Arc::new(Mutex::new(State {
                progress,
                tasks: Vec::new(),
            })),
        }
    }

    /// The same run, whose operators report to `operators`: for runtimes without stages.
    #[must_use]
    pub fn with_operators(mut self, operators: Arc<dyn MetricsSink>) -> Self {
        self.operators = Some(operators);
        self
    }

    /// Stops the run from elsewhere.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.cancellation.clone()
    }

    /// What operators did, by their numbers, which ascend: so far, or in the tasks of [`Self::tasks`] where the run has stages.
    #[must_use]
    pub fn operators(&self) -> Vec<OperatorMetrics> {
        match &self.operators {
            Some(operators) => operators.operators(),
            None => add_metrics(self.state().tasks.iter().flat_map(|task| &task.operators)),
        }
    }

    /// What the tasks did whose output counted, once all are done; nothing of a run that has no stages.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskMetrics> {
        self.state().tasks.clone()
    }

    /// How far the run is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.state().progress
    }

    /// Notes that so many tasks are done, for runtimes.
    pub fn note_tasks_done(&self, done: usize) {
        self.state().progress.tasks_done = done;
    }

    /// Notes what the tasks did, for runtimes.
    pub fn note_tasks(&self, tasks: Vec<TaskMetrics>) {
        let mut state = self.state();
        state.progress.tasks_done = state.progress.tasks;
        state.tasks = tasks;
    }

    pub(crate) fn note_batch(&self, rows: usize, bytes: usize) {
        let mut state = self.state();
        state.progress.rows += rows as u64;
        state.progress.bytes += bytes as u64;
    }

    pub(crate) fn note_end(&self) {
        let mut state = self.state();
        state.progress.tasks_done = state.progress.tasks;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
