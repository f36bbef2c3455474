//! `TaskRef`: one attempt at one task.

use serde::{Deserialize, Serialize};

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
