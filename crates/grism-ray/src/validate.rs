//! The validator: the union of a staged plan's tasks must equal one run over all data.

use std::sync::Arc;

use grism_core::{Error, Result, with_stack};
use grism_engine::operators::{
    AggregatePhase, CrossJoinExec, HashAggregateExec, HashJoinExec, LimitExec, SortExec,
    StageInputExec,
};
use grism_engine::{PartitioningSpec, PhysicalOperator};

use crate::{DistributedPlan, ExchangeMode, ExecutionStage};

/// Checks that every operator which needs certain rows together gets them together.
///
/// # Errors
/// `Internal`, naming the stage and the operator: a fault of the planner, caught before it can change an answer.
pub fn validate(plan: &DistributedPlan) -> Result<()> {
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
        for input in &stage.inputs {
            let producer = &plan.stages[input.stage_id];
            if producer.output_partitioning.as_ref() != Some(&input.partitioning) {
                return fail(format!(
                    "it reads another partitioning than stage {} writes",
                    input.stage_id
                ));
            }
            if input.mode == ExchangeMode::Shuffle && input.partitioning.partitions() != stage.tasks
            {
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
        if stage.tasks > 1 {
            check_split(&stage.plan.root, stage, true)?;
        }
    }
    Ok(())
}

/// Checks an operator that runs in several tasks; `at_root` is whether nothing of the stage stands above it.
fn check_split(
    operator: &Arc<dyn PhysicalOperator>,
    stage: &ExecutionStage,
    at_root: bool,
) -> Result<()> {
    let any = operator.as_any();
    let fail = |what: &str| {
        Err(Error::internal(format!(
            "stage {}: {} {what}",
            stage.stage_id,
            operator.describe()
        )))
    };
    if let Some(aggregate) = any.downcast_ref::<HashAggregateExec>()
        && aggregate.phase() != AggregatePhase::Partial
    {
        let keys = aggregate.keys();
        let together = |input: &PartitioningSpec| match input {
            PartitioningSpec::Hash { keys: split, .. } => !split.is_empty() && !keys.is_empty(),
            _ => false,
        };
        if !stage.input_partitioning.as_ref().is_some_and(together) {
            return fail("finishes groups that other tasks hold parts of");
        }
    }
    if (any.is::<SortExec>() || any.is::<LimitExec>()) && !(at_root && repeated_above(stage)) {
        return fail("sees only a part of the rows");
    }
    if any.is::<HashJoinExec>() || any.is::<CrossJoinExec>() {
        let whole = |child: &Arc<dyn PhysicalOperator>| {
            let input = child
                .as_any()
                .downcast_ref::<StageInputExec>()
                .and_then(|input| stage.inputs.get(input.input()));
            input.map(|input| (input.mode, input.partitioning.clone()))
        };
        let sides: Vec<_> = operator.children().into_iter().map(whole).collect();
        let is_broadcast = |side: &Option<(ExchangeMode, PartitioningSpec)>| {
            matches!(side, Some((ExchangeMode::Broadcast, _)))
        };
        let is_hashed = |side: &Option<(ExchangeMode, PartitioningSpec)>| {
            matches!(
                side,
                Some((ExchangeMode::Shuffle, PartitioningSpec::Hash { .. }))
            )
        };
        let held = if any.is::<HashJoinExec>() { 0 } else { 1 };
        let both_hashed = any.is::<HashJoinExec>() && sides.iter().all(is_hashed);
        if !is_broadcast(&sides[held]) && !both_hashed {
            return fail("joins parts that do not belong together");
        }
    }
    let hands_on = operator
        .as_any()
        .is::<grism_engine::operators::ProjectExec>();
    operator
        .children()
        .into_iter()
        .try_for_each(|child| with_stack(|| check_split(child, stage, at_root && hands_on)))
}

/// Whether what a task cuts or sorts is cut or merged again where the tasks' rows meet.
fn repeated_above(stage: &ExecutionStage) -> bool {
    match &stage.output {
        Some(output) => {
            output.mode == ExchangeMode::Gather
                || matches!(output.partitioning, PartitioningSpec::Range { .. })
        }
        None => false,
    }
}
