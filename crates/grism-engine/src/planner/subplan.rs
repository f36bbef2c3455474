//! What the plans of subplans are looked at for.

use grism_core::{Result, with_stack};
use grism_logical::{Apply, LogicalPlan, PlanSchema, Repeat, SharedPlan};

/// A subplan whose argument has the columns shared that its outer side has shared.
pub(super) fn share_argument(plan: &LogicalPlan, outer: &PlanSchema) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::Argument(schema) => {
            let mut schema = schema.clone();
            for column in &mut schema.columns {
                column.shared = outer.find(&column.name).is_some_and(|own| own.shared);
            }
            LogicalPlan::Argument(schema)
        }
        // The argument of a nested subplan is seen to where that is built.
        LogicalPlan::Apply(apply) => LogicalPlan::Apply(Apply {
            input: SharedPlan::new(with_stack(|| share_argument(&apply.input, outer))?),
            ..apply.clone()
        }),
        LogicalPlan::Repeat(repeat) => LogicalPlan::Repeat(Repeat {
            input: SharedPlan::new(with_stack(|| share_argument(&repeat.input, outer))?),
            ..repeat.clone()
        }),
        other => other.try_map_inputs(&mut |input| share_argument(input, outer))?,
    })
}

/// Whether an operator of the plan puts rows together that may come from different outer rows.
pub(super) fn mixes_rows(plan: &LogicalPlan) -> bool {
    matches!(
        plan,
        LogicalPlan::Aggregate(_)
            | LogicalPlan::Distinct { .. }
            | LogicalPlan::Sort { .. }
            | LogicalPlan::Limit { .. }
            | LogicalPlan::Extension(_)
    ) || plan
        .inputs()
        .into_iter()
        .any(|input| with_stack(|| mixes_rows(input)))
}
