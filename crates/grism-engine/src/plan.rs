//! The physical plan.

use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::with_stack;
use serde::{Deserialize, Serialize};

use crate::PhysicalOperator;

/// Where a plan is meant to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionMode {
    /// On one machine, without exchanges.
    Local,
    /// In stages.
    Distributed,
}

/// A physical plan. Its operators are known by their numbers, see [`OperatorId`](crate::OperatorId).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhysicalPlan {
    /// The operator whose output is the plan's.
    pub root: Arc<dyn PhysicalOperator>,
    /// Where it is meant to run.
    pub execution_mode: ExecutionMode,
}

impl PhysicalPlan {
    /// The plan that ends at `root`.
    #[must_use]
    pub fn new(root: Arc<dyn PhysicalOperator>, execution_mode: ExecutionMode) -> Self {
        Self {
            root,
            execution_mode,
        }
    }

    /// The plan as indented text.
    #[must_use]
    pub fn display(&self) -> String {
        let mut text = String::new();
        write_tree(&self.root, 0, &mut text);
        text
    }
}

fn write_tree(operator: &Arc<dyn PhysicalOperator>, depth: usize, text: &mut String) {
    let _ = writeln!(text, "{}{}", "  ".repeat(depth), operator.describe());
    for input in operator.children().into_iter().chain(operator.subplan()) {
        with_stack(|| write_tree(input, depth + 1, text));
    }
}
