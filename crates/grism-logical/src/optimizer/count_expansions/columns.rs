//! What operators of plans read and add, as far as counts look through them.

use std::collections::BTreeSet;

use grism_core::with_stack;

use crate::{ApplyKind, LogicalPlan, RoleSource, SharedPlan};

/// The input of an operator that makes of each row what it makes whatever the other rows are and whatever columns there are
/// beside those that it reads, and these.
pub(super) fn row_by_row(plan: &LogicalPlan) -> Option<(&SharedPlan, BTreeSet<String>)> {
    let mut read = BTreeSet::new();
    let input = match plan {
        LogicalPlan::EdgeExpand(expand) => {
            read.insert(expand.from.clone());
            if expand.into {
                read.insert(expand.to.clone());
            }
            &expand.input
        }
        LogicalPlan::RoleExpand(expand) => {
            read.insert(match &expand.from {
                RoleSource::Member { column, .. } => column.clone(),
                RoleSource::Hyperedge => expand.hyperedge.clone(),
            });
            &expand.input
        }
        LogicalPlan::Fetch(fetch) => {
            read.insert(fetch.entity.clone());
            &fetch.input
        }
        LogicalPlan::Apply(apply)
            if matches!(
                apply.kind,
                ApplyKind::Semi | ApplyKind::Anti | ApplyKind::Mark(_) | ApplyKind::Count(_)
            ) =>
        {
            collect_arguments(&apply.subplan, &mut read);
            &apply.input
        }
        _ => return None,
    };
    Some((input, read))
}

/// The columns that a subplan takes of the rows outside.
fn collect_arguments(plan: &LogicalPlan, columns: &mut BTreeSet<String>) {
    if let LogicalPlan::Argument(schema) = plan {
        columns.extend(schema.names().map(str::to_owned));
    }
    for input in plan.inputs() {
        with_stack(|| collect_arguments(input, columns));
    }
}

/// The columns that an expansion adds.
pub(super) fn made_by(plan: &LogicalPlan) -> Vec<String> {
    match plan {
        LogicalPlan::EdgeExpand(expand) => {
            let edge = expand.edge.iter().cloned();
            edge.chain([expand.to.clone()]).collect()
        }
        LogicalPlan::RoleExpand(expand) => vec![expand.hyperedge.clone()],
        _ => Vec::new(),
    }
}

pub(super) fn hyperedge_of(plan: &LogicalPlan) -> Option<&str> {
    match plan {
        LogicalPlan::EdgeExpand(expand) => expand.edge.as_deref(),
        LogicalPlan::RoleExpand(expand) => Some(&expand.hyperedge),
        _ => None,
    }
}
