//! The validator: the union of a staged plan's tasks must equal one run over all data.

use std::sync::Arc;

use grism_core::{Error, GraphStatistics, Result, with_stack};
use grism_engine::{
    Distribution, Exchange, ExchangeMode, PartitioningSpec, PhysicalOperator, PlanProperties,
    Resources, StageTasks, unmet_requirement,
};

use crate::{DistributedPlan, ExecutionStage};

/// Checks that every operator gets what it requires, whichever operators these are.
///
/// # Errors
/// `Internal`, naming the stage and the operator: a fault of the planner, caught before it can change an answer.
pub fn validate(plan: &DistributedPlan) -> Result<()> {
    let mut outputs = Vec::new();
    for (index, stage) in plan.stages.iter().enumerate() {
        let fail = |what: String| Err(Error::internal(format!("stage {index}: {what}")));
        if stage.stage_id != index || stage.inputs.iter().any(|input| input.stage_id >= index) {
            return fail("it is out of order".to_owned());
        }
        let is_last = index + 1 == plan.stages.len();
        if is_last != stage.output.is_none() {
            return fail("only the last stage makes the result".to_owned());
        }
        if stage.tasks == 0 {
            return fail("it has no tasks".to_owned());
        }
        if let Some((name, amount)) = stage
            .resources
            .missing(&Resources::needed_by(&stage.plan.root))
        {
            return fail(format!(
                "its tasks may run where the resource `{name}` ({amount}) is not"
            ));
        }
        check_inputs(plan, stage)?;
        let checked = Checked {
            plan,
            stage,
            outputs: &outputs,
        };
        let output = checked.operator(&stage.plan.root)?;
        if stage.tasks > 1 {
            match output.distribution {
                Distribution::Replicated => {
                    return fail("every task has all of its rows".to_owned());
                }
                Distribution::Single => {
                    return fail(format!("{} tasks run what is one task's", stage.tasks));
                }
                Distribution::OnePiece
                | Distribution::Split
                | Distribution::Hash(_)
                | Distribution::Together(_) => {}
            }
        }
        if let Some(pending) = output.pending.as_ref().filter(|_| is_last) {
            return fail(format!("nothing finishes {pending}"));
        }
        check_output(stage)?;
        outputs.push(output);
    }
    Ok(())
}

/// Checks that what a stage reads is what other stages write, for as many tasks as it has.
fn check_inputs(plan: &DistributedPlan, stage: &ExecutionStage) -> Result<()> {
    let fail = |what: String| Err(Error::internal(format!("stage {}: {what}", stage.stage_id)));
    for input in &stage.inputs {
        let producer = &plan.stages[input.stage_id];
        let is_written = producer.output.as_ref().is_some_and(|output| {
            output.mode == input.mode && output.partitioning == input.partitioning
        });
        if !is_written || producer.output_partitioning.as_ref() != Some(&input.partitioning) {
            return fail(format!(
                "it reads another partitioning than stage {} writes",
                input.stage_id
            ));
        }
        if input.mode == ExchangeMode::Shuffle && input.partitioning.partitions() != stage.tasks {
            return fail(format!(
                "{} tasks read {} partitions",
                stage.tasks,
                input.partitioning.partitions()
            ));
        }
        if input.mode == ExchangeMode::Gather && stage.tasks != 1 {
            return fail("what is gathered is read by one task".to_owned());
        }
    }
    Ok(())
}

/// Checks that a stage outputs the columns that its rows are split by.
fn check_output(stage: &ExecutionStage) -> Result<()> {
    let keys: Vec<&String> = match &stage.output_partitioning {
        Some(PartitioningSpec::Hash { keys, .. }) => keys.iter().collect(),
        Some(PartitioningSpec::Range { keys, .. }) => keys.iter().map(|key| &key.column).collect(),
        Some(PartitioningSpec::Adjacency { column, .. }) => vec![column],
        Some(PartitioningSpec::Single | PartitioningSpec::RoundRobin { .. }) | None => Vec::new(),
    };
    let columns = stage.plan.root.schema().columns();
    match keys.into_iter().find(|key| !columns.contains(key)) {
        Some(key) => Err(Error::internal(format!(
            "stage {}: its rows are split by `{key}`, which it does not output",
            stage.stage_id
        ))),
        None => Ok(()),
    }
}

/// A stage that is checked, and what the stages before it output.
struct Checked<'a> {
    plan: &'a DistributedPlan,
    stage: &'a ExecutionStage,
    outputs: &'a [PlanProperties],
}

impl Checked<'_> {
    /// What an operator of the stage outputs, from the leaves up.
    fn operator(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<PlanProperties> {
        if operator.exchange().is_some() {
            return self.refused(operator, "stands within a stage");
        }
        if let Some(found) = self.stage_input(operator)? {
            return Ok(found);
        }
        let tasks = match self.stage.tasks {
            1 => StageTasks::One,
            _ => StageTasks::Several,
        };
        let inputs = operator
            .children()
            .into_iter()
            .map(|child| with_stack(|| self.operator(child)))
            .collect::<Result<Vec<_>>>()?;
        self.given(operator, inputs, tasks)
    }

    /// What an operator outputs over these inputs, if they are what it requires.
    fn given(
        &self,
        operator: &Arc<dyn PhysicalOperator>,
        inputs: Vec<PlanProperties>,
        tasks: StageTasks,
    ) -> Result<PlanProperties> {
        if let Some(unmet) = unmet_requirement(operator.as_ref(), &inputs, tasks) {
            return self.refused(operator, &unmet);
        }
        if let Some(subplan) = operator.subplan() {
            let output = with_stack(|| self.within(subplan))?;
            if let Some(pending) = output.pending {
                return self.refused(
                    subplan,
                    &format!("outputs {pending}, and nothing finishes it"),
                );
            }
        }
        Ok(operator.properties(&inputs, &GraphStatistics::default()))
    }

    /// What an operator outputs that runs within another one, for rows of that: everything is in the task.
    fn within(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<PlanProperties> {
        if operator.exchange().is_some() || operator.stage_input().is_some() {
            return self.refused(operator, "stands within another operator");
        }
        let children = operator.children();
        let is_leaf = children.is_empty();
        let inputs = children
            .into_iter()
            .map(|child| with_stack(|| self.within(child)))
            .collect::<Result<Vec<_>>>()?;
        let output = self.given(operator, inputs, StageTasks::One)?;
        let is_whole = match output.distribution {
            Distribution::Single | Distribution::Replicated => true,
            Distribution::OnePiece => output.rows == Some(0),
            Distribution::Split | Distribution::Hash(_) | Distribution::Together(_) => false,
        };
        if is_leaf && !is_whole {
            return self.refused(
                operator,
                "deals its rows out to tasks within another operator",
            );
        }
        Ok(output)
    }

    /// What an operator reads of another stage, if it does.
    fn stage_input(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Option<PlanProperties>> {
        let Some(read) = operator.stage_input() else {
            return Ok(None);
        };
        let Some(spec) = self.stage.inputs.get(read.number) else {
            return self.refused(operator, "reads an input that the stage does not have");
        };
        let producer = &self.plan.stages[spec.stage_id];
        let (own, written) = (operator.schema(), producer.plan.root.schema());
        if own.arrow() != written.arrow() {
            return self.refused(operator, "reads other columns than are written");
        }
        let output = &self.outputs[spec.stage_id];
        if !read.order.requirement().is_met_by(output, StageTasks::One) {
            return self.refused(operator, "merges rows that are not sorted like this");
        }
        let exchange = Exchange {
            partitioning: spec.partitioning.clone(),
            mode: spec.mode,
            order: read.order.clone(),
            reason: String::new(),
        };
        Ok(Some(exchange.properties(output)))
    }

    fn refused<T>(&self, operator: &Arc<dyn PhysicalOperator>, why: &str) -> Result<T> {
        Err(Error::internal(format!(
            "stage {}: {} {why}",
            self.stage.stage_id,
            operator.describe()
        )))
    }
}

#[cfg(test)]
mod tests;
