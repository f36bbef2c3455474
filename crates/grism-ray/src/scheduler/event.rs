//! `Event`: what happened, as the scheduler is told.

use grism_core::Error;
use grism_engine::Resources;
use serde::{Deserialize, Serialize};

use super::TaskRef;
use crate::TaskStatistics;

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A worker is ready for tasks.
    WorkerUp {
        /// Its name.
        worker: String,
        /// What it has beside cores and memory. Such a worker is left to tasks that need it where another one is free.
        #[serde(default)]
        resources: Resources,
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
