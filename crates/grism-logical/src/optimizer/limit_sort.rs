//! Tells a sort how many of its rows are needed, so that it keeps only those.

use grism_core::{Result, with_stack};

use super::Facts;
use super::planted::is_planted;
use crate::{LogicalPlan, SharedPlan};

/// Moves the reach of a LIMIT into the sort below it.
///
/// # Errors
/// None of its own.
pub(super) fn limit_sort(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    bound_sorts(&plan)
}

fn bound_sorts(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut bound_sorts)?;
    Ok(match plan {
        LogicalPlan::Limit {
            input,
            skip,
            fetch: Some(fetch),
        } => {
            let reach = match is_planted("limit_sort") {
                true => fetch,
                false => skip.saturating_add(fetch),
            };
            let input = bounded(&input, reach).unwrap_or(input);
            LogicalPlan::Limit {
                input,
                skip,
                fetch: Some(fetch),
            }
        }
        other => other,
    })
}

fn bounded(plan: &LogicalPlan, reach: usize) -> Option<SharedPlan> {
    match plan {
        LogicalPlan::Sort { input, keys, fetch } => {
            let fetch = Some(fetch.map_or(reach, |own| own.min(reach)));
            Some(SharedPlan::new(LogicalPlan::Sort {
                input: input.clone(),
                keys: keys.clone(),
                fetch,
            }))
        }
        LogicalPlan::Project { input, expressions } => {
            let input = with_stack(|| bounded(input, reach))?;
            Some(SharedPlan::new(LogicalPlan::Project {
                input,
                expressions: expressions.clone(),
            }))
        }
        _ => None,
    }
}
