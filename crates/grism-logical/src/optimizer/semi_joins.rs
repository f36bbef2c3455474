//! EXISTS over a pattern that meets the outer row in equal values only becomes a semi join: the pattern is read once, not
//! once for each batch of outer rows.

use grism_core::{Result, with_stack};

use super::Facts;
use super::planted::is_planted;
use crate::{Apply, ApplyKind, Join, JoinKind, LogicalPlan};

/// Rewrites every such apply.
///
/// # Errors
/// None of its own.
pub(super) fn semi_joins(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan)
}

fn rewrite(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut rewrite)?;
    let LogicalPlan::Apply(Apply {
        input,
        subplan,
        kind,
    }) = &plan
    else {
        return Ok(plan);
    };
    let kind = match kind {
        ApplyKind::Semi => JoinKind::Semi,
        ApplyKind::Anti => JoinKind::Anti,
        _ => return Ok(plan),
    };
    let mut found = subplan;
    // What is made of the rows that are found does not matter, nor in which order or how often.
    while let LogicalPlan::Project { input, .. }
    | LogicalPlan::Distinct { input }
    | LogicalPlan::Sort {
        input, fetch: None, ..
    } = &**found
    {
        found = input;
    }
    if let LogicalPlan::Filter { input, .. } = &**found
        && is_planted("semi_joins")
    {
        found = input;
    }
    let LogicalPlan::Join(join) = &**found else {
        return Ok(plan);
    };
    let starts_here = matches!(*join.left, LogicalPlan::Argument(_));
    if join.kind != JoinKind::Inner
        || !starts_here
        || join.on.is_empty()
        || reads_outer(&join.right)
    {
        return Ok(plan);
    }
    Ok(LogicalPlan::Join(Join {
        kind,
        left: input.clone(),
        right: join.right.clone(),
        on: join.on.clone(),
    }))
}

/// Whether a plan starts from the outer rows anywhere.
fn reads_outer(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Argument(_))
        || plan
            .inputs()
            .into_iter()
            .any(|input| with_stack(|| reads_outer(input)))
}
