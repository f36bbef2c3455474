//! The branches of a UNION as one plan.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::LogicalPlan;

use crate::syntax::Query;

/// The rows of all branches, which are different ones unless UNION ALL joins them.
pub(super) fn united(query: &Query, mut inputs: Vec<Arc<LogicalPlan>>) -> Result<LogicalPlan> {
    if inputs.len() == 1 {
        return Ok(Arc::unwrap_or_clone(inputs.swap_remove(0)));
    }
    let all = query.unions.first().is_some_and(|union| union.all);
    let union = LogicalPlan::Union {
        inputs: LogicalPlan::same_types(inputs)?,
    };
    Ok(match all {
        true => union,
        false => LogicalPlan::Distinct {
            input: Arc::new(union),
        },
    })
}
