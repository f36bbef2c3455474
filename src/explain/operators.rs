//! Reads the operators of plans: their numbers, their lines, and how many rows are expected of them.

use std::sync::Arc;

use grism_core::with_stack;
use grism_engine::{Distribution, ExchangeMode, OperatorId, PhysicalOperator, SubplanRuns};
use grism_logical::optimizer::Facts;
use grism_ray::{DistributedPlan, ExecutionStage};

use super::explained::{Explained, ExplainedOperator, ExplainedPlan, Shape};

/// One plan of one process.
pub(super) fn explained_plan(root: &Arc<dyn PhysicalOperator>, facts: Facts<'_>) -> Explained {
    let mut reader = PlanReader::new(facts);
    let plan = reader.plan(root);
    reader.explained(Shape::Query(plan))
}

/// A plan in stages.
pub(super) fn explained_stages(plan: DistributedPlan, facts: Facts<'_>) -> Explained {
    let mut reader = PlanReader::new(facts);
    let plan = reader.stages(plan);
    reader.explained(Shape::Query(plan))
}

/// About how many rows all tasks of a stage read of each input together.
fn stage_inputs(stage: &ExecutionStage, outputs: &[f64]) -> Vec<f64> {
    let rows = stage.inputs.iter().map(|input| {
        let rows = outputs.get(input.stage_id).copied().unwrap_or(1.0);
        match input.mode {
            ExchangeMode::Broadcast => rows * stage.tasks as f64,
            ExchangeMode::Shuffle | ExchangeMode::Gather => rows,
        }
    });
    rows.collect()
}

/// Numbers the operators of one plan after the other.
pub(super) struct PlanReader<'a> {
    facts: Facts<'a>,
    operators: Vec<ExplainedOperator>,
    /// About how many rows come from other stages, by input.
    inputs: Vec<f64>,
    tasks: usize,
    /// How often the plan that is read runs.
    runs: f64,
}

impl<'a> PlanReader<'a> {
    pub(super) fn new(facts: Facts<'a>) -> Self {
        Self {
            facts,
            operators: Vec::new(),
            inputs: Vec::new(),
            tasks: 1,
            runs: 1.0,
        }
    }

    /// The query of the plans that were read.
    pub(super) fn explained(self, shape: Shape) -> Explained {
        Explained {
            operators: self.operators,
            shape,
            statistics: Arc::default(),
            run: None,
        }
    }

    /// Reads a plan of one process.
    pub(super) fn plan(&mut self, root: &Arc<dyn PhysicalOperator>) -> ExplainedPlan {
        self.tasks = 1;
        let (first, _) = self.read(root, 0, 1.0);
        ExplainedPlan {
            verbose: None,
            first,
            stages: None,
            tasks: Vec::new(),
        }
    }

    /// Reads a plan in stages.
    pub(super) fn stages(&mut self, mut plan: DistributedPlan) -> ExplainedPlan {
        let first = self.operators.len() as u32;
        let mut outputs = Vec::with_capacity(plan.stages.len());
        for stage in &mut plan.stages {
            self.inputs = stage_inputs(stage, &outputs);
            self.tasks = stage.tasks;
            let (root, rows) = self.read(&stage.plan.root, 0, 1.0);
            stage.first_operator = root;
            outputs.push(rows);
        }
        ExplainedPlan {
            verbose: None,
            first: OperatorId(first),
            stages: Some(plan),
            tasks: Vec::new(),
        }
    }

    /// Reads the plan that ends at `operator`, whose argument has `argument` rows. Returns its number, and its
    /// rows of one run.
    fn read(
        &mut self,
        operator: &Arc<dyn PhysicalOperator>,
        depth: usize,
        argument: f64,
    ) -> (OperatorId, f64) {
        let id = OperatorId(self.operators.len() as u32);
        self.operators.push(ExplainedOperator {
            id,
            name: operator.shown_name().to_owned(),
            detail: operator.describe(),
            depth,
            inputs: Vec::new(),
            subplan: None,
            estimated_rows: 0.0,
            measured: None,
            operator: Arc::clone(operator),
        });
        let inputs = operator.children().into_iter();
        let inputs: Vec<(OperatorId, f64)> = inputs
            .map(|input| with_stack(|| self.read(input, depth + 1, argument)))
            .collect();
        let (ids, mut rows): (Vec<OperatorId>, Vec<f64>) = inputs.into_iter().unzip();
        let subplan = operator.subplan().map(|subplan| {
            let outer = rows.first().copied().unwrap_or(argument);
            with_stack(|| self.subplan(operator.as_ref(), subplan, depth + 1, outer))
        });
        rows.extend(subplan.map(|(_, rows)| rows));
        let estimated_rows = match operator.stage_input() {
            Some(input) => self.inputs.get(input.number).copied().unwrap_or(1.0),
            None if rows.is_empty() => self.leaf(operator.as_ref(), argument),
            None => operator.estimated_rows(&rows, self.facts),
        };
        let runs = self.runs;
        let own = &mut self.operators[id.0 as usize];
        own.inputs = ids;
        own.subplan = subplan.map(|(id, _)| id);
        own.estimated_rows = estimated_rows * runs;
        (id, estimated_rows)
    }

    /// Reads the plan within an operator whose input has `outer` rows. Returns its number, and its rows over all runs.
    fn subplan(
        &mut self,
        operator: &dyn PhysicalOperator,
        subplan: &Arc<dyn PhysicalOperator>,
        depth: usize,
        outer: f64,
    ) -> (OperatorId, f64) {
        let (argument, runs) = match operator.subplan_runs() {
            SubplanRuns::ForAllRows => (outer, 1.0),
            SubplanRuns::ForEachRow => (1.0, outer),
        };
        let around = self.runs;
        self.runs *= runs;
        let (id, rows) = self.read(subplan, depth, argument);
        self.runs = around;
        (id, rows * runs)
    }

    /// About how many rows a leaf outputs in all tasks.
    fn leaf(&self, leaf: &dyn PhysicalOperator, argument: f64) -> f64 {
        let properties = leaf.properties(&[], self.facts.statistics);
        let each = match properties.distribution {
            Distribution::Replicated => self.tasks as f64,
            _ => 1.0,
        };
        leaf.estimated_rows(&[argument], self.facts) * each
    }
}
