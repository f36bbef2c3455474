//! `push_fetches`: a property of an entity that is bound before an expansion is fetched before it, once for each row that is
//! expanded, where it is carried along easily.
//!
//! ```text
//! Fetch(e; since)                      Expand((b)-->(c))
//!   Expand((b)-->(c))            ──►     Fetch(e; since)
//!     Expand((a)-[e]->(b))                 Expand((a)-[e]->(b))
//! ```

use grism_core::{Result, Type, with_stack};

use super::Facts;
use super::estimate_rows::estimate_rows;
use super::planted::is_planted;
use crate::{EdgeExpand, Fetch, LogicalPlan, RoleExpand, SharedPlan};

/// How many rows an expansion must be expected to make of one.
const GROWTH: f64 = 2.0;

/// Pushes from the leaves up, so that a fetch goes as far as it can.
///
/// # Errors
/// None of its own.
pub(super) fn push_fetches(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| rewrite(input, facts))?;
    let LogicalPlan::Fetch(fetch) = &plan else {
        return Ok(plan);
    };
    Ok(pushed(fetch, facts)?.unwrap_or(plan))
}

/// The input of a fetch with the fetch below its expansions; `None` where it stays.
fn pushed(fetch: &Fetch, facts: Facts<'_>) -> Result<Option<LogicalPlan>> {
    let is_narrow = |ty: &Type| ty.to_arrow().is_primitive() || *ty == Type::Bool;
    if !fetch.properties.iter().all(|own| is_narrow(&own.ty)) {
        return Ok(None);
    }
    let below = |input: &SharedPlan| -> Result<Option<LogicalPlan>> {
        if !input.schema()?.contains(&fetch.entity) {
            return Ok(None);
        }
        let moved = Fetch {
            input: input.clone(),
            ..fetch.clone()
        };
        let further = with_stack(|| pushed(&moved, facts))?;
        Ok(Some(further.unwrap_or(LogicalPlan::Fetch(moved))))
    };
    let grows = |input: &LogicalPlan| {
        estimate_rows(input, facts) * GROWTH <= estimate_rows(&fetch.input, facts)
    };
    Ok(match &*fetch.input {
        LogicalPlan::EdgeExpand(expand) if grows(&expand.input) => {
            below(&expand.input)?.map(|input| {
                let restrict = expand.restrict.clone();
                LogicalPlan::EdgeExpand(EdgeExpand {
                    input: SharedPlan::new(input),
                    restrict: restrict.filter(|_| !is_planted("push_fetches")),
                    ..expand.clone()
                })
            })
        }
        LogicalPlan::RoleExpand(expand) if grows(&expand.input) => {
            below(&expand.input)?.map(|input| {
                LogicalPlan::RoleExpand(RoleExpand {
                    input: SharedPlan::new(input),
                    ..expand.clone()
                })
            })
        }
        // Fetches are in any order.
        LogicalPlan::Fetch(other) if other.entity != fetch.entity => {
            let moved = Fetch {
                input: other.input.clone(),
                ..fetch.clone()
            };
            with_stack(|| pushed(&moved, facts))?.map(|input| {
                LogicalPlan::Fetch(Fetch {
                    input: SharedPlan::new(input),
                    ..other.clone()
                })
            })
        }
        _ => None,
    })
}
