//! Reads the operators of plans: their numbers, their lines, and how many rows are expected of them.

use std::sync::Arc;

use grism_core::with_stack;
use grism_engine::operators::write::PlannedClause;
use grism_engine::{Distribution, ExchangeMode, OperatorId, PhysicalOperator, SubplanRuns};
use grism_logical::optimizer::Facts;

use super::explained::{Explained, ExplainedClause, ExplainedOperator, Shape};
use crate::stages::StageDescription;

/// One plan of one process.
pub(super) fn explained_plan(root: &Arc<dyn PhysicalOperator>, facts: Facts<'_>) -> Explained {
    let mut reader = Reader::new(facts);
    reader.read(root, 0, 1.0);
    reader.explained(Shape::Plan)
}

/// The plans of a query that writes.
pub(super) fn explained_clauses(clauses: &[PlannedClause], facts: Facts<'_>) -> Explained {
    let mut reader = Reader::new(facts);
    let mut shape = Vec::with_capacity(clauses.len());
    for clause in clauses {
        let roots = clause.plans.iter().map(|root| reader.read(root, 0, 1.0).0);
        shape.push(ExplainedClause {
            name: clause.name.clone(),
            detail: clause.detail.clone(),
            plans: roots.collect(),
        });
    }
    reader.explained(Shape::Clauses(shape))
}

/// A plan in stages.
pub(super) fn explained_stages(stages: Vec<StageDescription>, facts: Facts<'_>) -> Explained {
    let mut reader = Reader::new(facts);
    let mut outputs = Vec::with_capacity(stages.len());
    for stage in &stages {
        reader.inputs = stage_inputs(stage, &outputs);
        reader.tasks = stage.tasks;
        outputs.push(reader.read(&stage.root, 0, 1.0).1);
    }
    reader.explained(Shape::Stages(stages))
}

/// About how many rows all tasks of a stage read of each input together.
fn stage_inputs(stage: &StageDescription, outputs: &[f64]) -> Vec<f64> {
    let rows = stage.inputs.iter().map(|input| {
        let rows = outputs.get(input.stage_id).copied().unwrap_or(1.0);
        match input.mode {
            ExchangeMode::Broadcast => rows * stage.tasks as f64,
            ExchangeMode::Shuffle | ExchangeMode::Gather => rows,
        }
    });
    rows.collect()
}

struct Reader<'a> {
    facts: Facts<'a>,
    operators: Vec<ExplainedOperator>,
    /// About how many rows come from other stages, by input.
    inputs: Vec<f64>,
    tasks: usize,
    /// How often the plan that is read runs.
    runs: f64,
}

impl<'a> Reader<'a> {
    fn new(facts: Facts<'a>) -> Self {
        Self {
            facts,
            operators: Vec::new(),
            inputs: Vec::new(),
            tasks: 1,
            runs: 1.0,
        }
    }

    fn explained(self, shape: Shape) -> Explained {
        Explained {
            operators: self.operators,
            shape,
            ..Explained::default()
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
        let name = operator.name();
        self.operators.push(ExplainedOperator {
            id,
            name: name.strip_suffix("Exec").unwrap_or(name).to_owned(),
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
