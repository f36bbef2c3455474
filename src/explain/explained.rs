//! What is known of an explained query, whatever form it is shown in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use grism_core::{FunctionMetrics, GraphStatistics};
use grism_engine::TaskMetrics;
use grism_engine::{OperatorId, OperatorMetrics, OwnTime, PhysicalOperator};
use grism_logical::optimizer::RuleChange;

use crate::stages::StageDescription;

/// An explained query.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// How the plan was made; `None` where it is not asked for.
    pub(super) verbose: Option<Verbose>,
    /// All operators, in the order of their numbers, which begin with 0.
    pub(super) operators: Vec<ExplainedOperator>,
    pub(super) shape: Shape,
    /// The counts of the graph, for advice.
    pub(super) statistics: Arc<GraphStatistics>,
    /// What a run did; `None` for a plan that was not run.
    pub(super) run: Option<Run>,
}

/// How a plan was made.
#[derive(Debug)]
pub(super) struct Verbose {
    /// The logical plan as the text says.
    pub(super) logical: String,
    /// What rules of the optimizer changed, in their order.
    pub(super) rules: Vec<RuleChange>,
}

/// How the operators of a query belong together.
#[derive(Debug)]
pub(super) enum Shape {
    /// One plan, whose root is the first operator.
    Plan,
    /// Clauses that run one after the other, each with any number of plans.
    Clauses(Vec<ExplainedClause>),
    /// Stages, in the order they can run.
    Stages(Vec<StageDescription>),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Clauses(Vec::new())
    }
}

/// One clause of a query that writes.
#[derive(Debug)]
pub(super) struct ExplainedClause {
    /// What it does, such as `Read` or `Create`.
    pub(super) name: String,
    /// Its line.
    pub(super) detail: String,
    /// The roots of the plans that it runs.
    pub(super) plans: Vec<OperatorId>,
}

/// One operator.
#[derive(Debug)]
pub(super) struct ExplainedOperator {
    pub(super) id: OperatorId,
    /// Its kind, such as `NodeScan`.
    pub(super) name: String,
    /// Its line.
    pub(super) detail: String,
    /// Levels below the root of its plan.
    pub(super) depth: usize,
    pub(super) inputs: Vec<OperatorId>,
    /// The root of the plan within it.
    pub(super) subplan: Option<OperatorId>,
    /// About how many rows it was expected to output, over all tasks.
    pub(super) estimated_rows: f64,
    /// What it did.
    pub(super) measured: Option<Measured>,
    pub(super) operator: Arc<dyn PhysicalOperator>,
}

/// What an operator did.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) metrics: OperatorMetrics,
    pub(super) own: OwnTime,
}

/// What a run of the query did.
#[derive(Debug)]
pub(super) struct Run {
    /// Where it ran.
    pub(super) engine: &'static str,
    /// Rows of the result.
    pub(super) rows: u64,
    /// From the start to the last row.
    pub(super) time: Duration,
    /// What tasks did; empty for the local engine.
    pub(super) tasks: Vec<TaskMetrics>,
    /// Calls of functions of the user.
    pub(super) functions: BTreeMap<String, FunctionMetrics>,
    /// What would make the slowest step faster.
    pub(super) advice: Option<String>,
}

impl Explained {
    pub(super) fn operator(&self, id: OperatorId) -> Option<&ExplainedOperator> {
        self.operators.get(id.0 as usize)
    }

    /// The operators of the plan that ends at `root`, from there down.
    pub(super) fn plan(&self, root: OperatorId) -> &[ExplainedOperator] {
        let from = self.operators.get(root.0 as usize..).unwrap_or_default();
        let below = from.iter().skip(1).take_while(|own| own.depth > 0).count();
        from.get(..=below).unwrap_or_default()
    }
}

impl ExplainedOperator {
    /// The operators that give it rows: its inputs, and the plan within it.
    pub(super) fn below(&self) -> impl Iterator<Item = OperatorId> {
        self.inputs.iter().copied().chain(self.subplan)
    }
}
