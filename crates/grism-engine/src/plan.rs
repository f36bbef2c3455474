//! The physical plan.

use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::with_stack;
use serde::{Deserialize, Serialize};

use crate::{MetricsSink, PhysicalOperator, operator_key};

/// Where a plan is meant to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionMode {
    /// On one machine, without exchanges.
    Local,
    /// In stages.
    Distributed,
}

/// A physical plan.
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
        display_tree(&self.root, None)
    }
}

/// A tree of operators as indented text, with what was measured where `metrics` is given.
#[must_use]
pub fn display_tree(root: &Arc<dyn PhysicalOperator>, metrics: Option<&dyn MetricsSink>) -> String {
    let mut text = String::new();
    write_tree(root, metrics, 0, &mut text);
    text
}

fn write_tree(
    operator: &Arc<dyn PhysicalOperator>,
    metrics: Option<&dyn MetricsSink>,
    depth: usize,
    text: &mut String,
) {
    let _ = write!(text, "{}{}", "  ".repeat(depth), operator.describe());
    if let Some(metrics) = metrics {
        let figures = metrics.operator(operator_key(operator));
        let _ = write!(
            text,
            "  [rows {}, {:.1} ms]",
            figures.rows,
            figures.busy_nanos as f64 / 1e6
        );
    }
    text.push('\n');
    for child in operator.children() {
        with_stack(|| write_tree(child, metrics, depth + 1, text));
    }
    if let Some(subplan) = operator.subplan() {
        with_stack(|| write_tree(subplan, metrics, depth + 1, text));
    }
}
