//! The validator: the union of a staged plan's tasks must equal one run over all data.

use std::sync::Arc;

use grism_core::{Error, Result, with_stack};
use grism_engine::operators::{
    AggregatePhase, CrossJoinExec, HashAggregateExec, HashJoinExec, LimitExec, ProjectExec,
    SortExec, StageInputExec, UnionExec,
};
use grism_engine::{PartitioningSpec, PhysicalOperator};
use grism_logical::JoinKind;

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
            let held = check(&stage.plan.root, stage, true)?;
            if held == Held::Everywhere {
                return fail("every task has all of its rows".to_owned());
            }
        }
    }
    Ok(())
}

/// Which rows of an operator a task has, of several that run it.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    /// All, as every other task has.
    Everywhere,
    /// A part of them.
    Part,
    /// Those whose keys have a hash of their own: rows that are equal in these columns are in one task.
    Hashed(Vec<String>),
}

/// Checks an operator that runs in several tasks; `at_root` is whether nothing of the stage stands above it that sees rows
/// together.
fn check(
    operator: &Arc<dyn PhysicalOperator>,
    stage: &ExecutionStage,
    at_root: bool,
) -> Result<Held> {
    let any = operator.as_any();
    let fail = |what: &str| {
        Err(Error::internal(format!(
            "stage {}: {} {what}",
            stage.stage_id,
            operator.describe()
        )))
    };
    let at_root_below = at_root && any.is::<ProjectExec>();
    let inputs = operator
        .children()
        .into_iter()
        .map(|child| with_stack(|| check(child, stage, at_root_below)))
        .collect::<Result<Vec<_>>>()?;
    if let Some(input) = any.downcast_ref::<StageInputExec>() {
        return match stage.inputs.get(input.input()) {
            Some(input) => Ok(match (&input.mode, &input.partitioning) {
                (ExchangeMode::Broadcast, _) => Held::Everywhere,
                (ExchangeMode::Shuffle, PartitioningSpec::Hash { keys, .. }) => {
                    Held::Hashed(keys.clone())
                }
                _ => Held::Part,
            }),
            None => fail("reads an input that the stage does not have"),
        };
    }
    if (any.is::<SortExec>() || any.is::<LimitExec>()) && !(at_root && repeated_above(stage)) {
        return fail("sees only a part of the rows");
    }
    match &inputs[..] {
        [] => Ok(Held::Part),
        [input] => match any.downcast_ref::<HashAggregateExec>() {
            Some(aggregate) if aggregate.phase() != AggregatePhase::Partial => {
                let keys = aggregate.keys();
                let is_together = |split: &[String]| {
                    !split.is_empty() && split.iter().all(|key| keys.contains(key))
                };
                match input {
                    Held::Hashed(split) if is_together(split) => Ok(input.clone()),
                    _ => fail("finishes groups that other tasks hold parts of"),
                }
            }
            _ => Ok(match (input, any.downcast_ref::<ProjectExec>()) {
                (Held::Hashed(keys), Some(project)) => {
                    renamed(keys, project).map_or(Held::Part, Held::Hashed)
                }
                _ => input.clone(),
            }),
        },
        [left, right] if any.is::<HashJoinExec>() || any.is::<CrossJoinExec>() => {
            let hash_join = any.downcast_ref::<HashJoinExec>();
            match (hash_join, left, right) {
                (Some(_), Held::Everywhere, Held::Part | Held::Hashed(_)) => Ok(right.clone()),
                (Some(join), Held::Hashed(a), Held::Hashed(b)) if meet(join, a, b) => {
                    Ok(match join.kind() {
                        JoinKind::Inner => left.clone(),
                        JoinKind::Semi | JoinKind::Anti => right.clone(),
                    })
                }
                (None, Held::Part | Held::Hashed(_), Held::Everywhere) => Ok(left.clone()),
                _ => fail("joins parts that do not belong together"),
            }
        }
        _ if any.is::<UnionExec>() => match inputs.contains(&Held::Everywhere) {
            true => fail("outputs rows that every task has, once for each task"),
            false => Ok(Held::Part),
        },
        _ => fail("has inputs of which it is not known how they belong together"),
    }
}

/// Whether both sides of a join are split by its keys, in one order.
fn meet(join: &HashJoinExec, left: &[String], right: &[String]) -> bool {
    let (a, b): (Vec<&String>, Vec<&String>) = join.on().iter().map(|(a, b)| (a, b)).unzip();
    left.iter().eq(a) && right.iter().eq(b)
}

/// The keys after a projection; `None` where one of them is not among its plain columns.
pub(crate) fn renamed(keys: &[String], project: &ProjectExec) -> Option<Vec<String>> {
    keys.iter()
        .map(|key| {
            let mut renames = project.renames();
            let found = renames.find(|(source, _)| source == key);
            found.map(|(_, name)| name.to_owned())
        })
        .collect()
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
