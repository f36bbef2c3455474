//! The branches of a UNION as one plan.

use grism_core::Result;
use grism_logical::{LogicalPlan, SharedPlan};

use crate::syntax::Query;

/// The rows of all branches, which are different ones unless UNION ALL joins them.
pub(super) fn united(query: &Query, mut inputs: Vec<SharedPlan>) -> Result<LogicalPlan> {
    if inputs.len() == 1 {
        return Ok(inputs.swap_remove(0).into_plan());
    }
    let all = query.unions.first().is_some_and(|union| union.all);
    let union = LogicalPlan::Union {
        inputs: LogicalPlan::same_types(inputs)?,
    };
    Ok(match all {
        true => union,
        false => LogicalPlan::Distinct {
            input: SharedPlan::new(union),
        },
    })
}
