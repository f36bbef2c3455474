//! `Action`: what the scheduler says is to be done.

use grism_core::Error;
use grism_engine::{RangeBounds, Resources};
use serde::{Deserialize, Serialize};

use super::TaskRef;

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
    /// Get a worker with these resources: tasks wait, and no worker has them.
    AwaitResources {
        /// The stage whose tasks wait.
        stage: usize,
        /// How many of its tasks wait.
        tasks: usize,
        /// What the worker must have.
        resources: Resources,
        /// The same in words, for whoever watches.
        message: String,
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
