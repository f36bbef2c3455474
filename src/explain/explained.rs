//! What is known of an explained query, whatever form it is shown in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use grism_core::{FunctionMetrics, GraphStatistics};
use grism_engine::operators::write::{ClauseRun, CommitRecord};
use grism_engine::{OperatorId, OperatorMetrics, OwnTime, PhysicalOperator, TaskMetrics};
use grism_logical::optimizer::RuleChange;
use grism_ray::{DistributedPlan, ExecutionStage};

/// An explained query.
#[derive(Debug)]
pub(super) struct Explained {
    /// All operators, in the order of their numbers, which begin with 0.
    pub(super) operators: Vec<ExplainedOperator>,
    pub(super) shape: Shape,
    /// The counts of the graph, for advice.
    pub(super) statistics: Arc<GraphStatistics>,
    /// What a run did; `None` for a query that was not run.
    pub(super) run: Option<Run>,
}

/// What a query consists of.
#[derive(Debug)]
pub(super) enum Shape {
    /// One plan, which reads.
    Query(ExplainedPlan),
    /// Clauses that run one after the other, of a query that writes.
    Clauses(Vec<ExplainedClause>),
}

/// One plan.
#[derive(Debug)]
pub(super) struct ExplainedPlan {
    /// How it was made; `None` where it is not asked for.
    pub(super) verbose: Option<Verbose>,
    /// Its first operator, which is the root where it has no stages.
    pub(super) first: OperatorId,
    /// Its stages, whose operators have the numbers of the explained query; `None` for a plan of one process.
    pub(super) stages: Option<DistributedPlan>,
    /// What its tasks did; empty for a plan of one process.
    pub(super) tasks: Vec<TaskMetrics>,
}

/// How a plan was made.
#[derive(Debug)]
pub(super) struct Verbose {
    /// The logical plan as the text says.
    pub(super) logical: String,
    /// What rules of the optimizer changed, in their order.
    pub(super) rules: Vec<RuleChange>,
}

/// One clause of a query that writes.
#[derive(Debug)]
pub(super) struct ExplainedClause {
    /// What it does, such as `Read` or `Create`.
    pub(super) name: String,
    /// Its line.
    pub(super) detail: String,
    /// The plans that it runs.
    pub(super) plans: Vec<ExplainedPlan>,
    /// What it did; `None` for a query that was not run.
    pub(super) run: Option<ClauseRun>,
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
    /// From the start to the last row, commits included.
    pub(super) time: Duration,
    /// What was committed; `None` for a query that only reads.
    pub(super) commits: Option<CommitRecord>,
    /// Calls of functions of the user.
    pub(super) functions: BTreeMap<String, FunctionMetrics>,
    /// What would make the slowest step faster.
    pub(super) advice: Option<String>,
}

impl Explained {
    pub(super) fn operator(&self, id: OperatorId) -> Option<&ExplainedOperator> {
        self.operators.get(id.0 as usize)
    }

    /// All plans, in the order of their operators.
    pub(super) fn plans(&self) -> impl Iterator<Item = &ExplainedPlan> {
        let (query, clauses) = match &self.shape {
            Shape::Query(plan) => (Some(plan), &[][..]),
            Shape::Clauses(clauses) => (None, &clauses[..]),
        };
        let plans = clauses.iter().flat_map(|clause| &clause.plans);
        query.into_iter().chain(plans)
    }

    /// The stage that an operator belongs to, and its plan.
    pub(super) fn stage_of(&self, id: OperatorId) -> Option<(&ExplainedPlan, &ExecutionStage)> {
        let plan = self.plans().take_while(|plan| plan.first <= id).last()?;
        let stages = plan.stages.as_ref()?.stages.iter();
        let stage = stages
            .take_while(|stage| stage.first_operator <= id)
            .last()?;
        Some((plan, stage))
    }

    /// The operators of the plan that ends at `root`, from there down.
    pub(super) fn plan(&self, root: OperatorId) -> &[ExplainedOperator] {
        let from = self.operators.get(root.0 as usize..).unwrap_or_default();
        let below = from.iter().skip(1).take_while(|own| own.depth > 0).count();
        from.get(..=below).unwrap_or_default()
    }
}

impl ExplainedPlan {
    /// The operator that outputs its rows.
    pub(super) fn root(&self) -> OperatorId {
        let last = self.stages.as_ref().and_then(|plan| plan.stages.last());
        last.map_or(self.first, |stage| stage.first_operator)
    }
}

impl ExplainedOperator {
    /// The operators that give it rows: its inputs, and the plan within it.
    pub(super) fn below(&self) -> impl Iterator<Item = OperatorId> {
        self.inputs.iter().copied().chain(self.subplan)
    }
}
