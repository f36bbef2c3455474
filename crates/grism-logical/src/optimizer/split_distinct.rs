//! `split_distinct`: DISTINCT of one value in each group becomes a removal of duplicates, and a plain aggregate above it.
//!
//! ```text
//! count(DISTINCT c) by h   ──►   count(c) by h  over  different (h, c)
//! ```
//!
//! Duplicates are found in one table then, on all threads, and not in one for each group.

use grism_core::{Result, Type};

use super::Facts;
use super::planted::is_planted;
use crate::{
    Aggregate, AggregateCall, Internal, LogicalExpr, LogicalPlan, NamedExpr, SharedPlan, infer_type,
};

/// Rewrites every such aggregate.
///
/// # Errors
/// Those of type inference.
pub(super) fn split_distinct(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan)
}

fn rewrite(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.try_map_outer(&mut rewrite)?;
    if let LogicalPlan::Aggregate(aggregate) = &plan
        && let Some(split) = split(aggregate)?
    {
        return Ok(split);
    }
    Ok(plan)
}

/// The aggregate over different keys and values; `None` where it has no DISTINCT, more than one value, or a value of a type
/// whose equal values differ.
fn split(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let calls = || aggregate.aggregates.iter().map(|own| &own.call);
    let Some([argument]) = calls().next().map(|call| &call.arguments[..]) else {
        return Ok(None);
    };
    let is_split = |call: &AggregateCall| {
        (call.distinct || is_planted("split_distinct"))
            && call.function.built_in().is_some()
            && call.arguments == [argument.clone()]
    };
    let keys = || aggregate.keys.iter().map(|key| &key.expression);
    let is_volatile = keys().chain([argument]).any(LogicalExpr::is_volatile);
    if is_volatile || !calls().all(is_split) {
        return Ok(None);
    }
    let schema = aggregate.input.schema()?;
    let is_exact = |ty: &Type| matches!(ty, Type::Int64 | Type::Bool) || ty.tables().is_some();
    for expression in keys().chain([argument]) {
        if !is_exact(&infer_type(expression, schema)?) {
            return Ok(None);
        }
    }
    let value = Internal::Different.column();
    let mut different = aggregate.keys.clone();
    different.push(argument.clone().named(&value));
    let plain = |call: &AggregateCall| AggregateCall {
        arguments: vec![LogicalExpr::column(&value)],
        distinct: false,
        ..call.clone()
    };
    let keys = aggregate.keys.iter();
    let aggregates = aggregate.aggregates.iter();
    Ok(Some(LogicalPlan::Aggregate(Aggregate {
        keys: keys.map(|key| NamedExpr::column(&key.name)).collect(),
        aggregates: aggregates
            .map(|own| plain(&own.call).named(&own.name))
            .collect(),
        input: SharedPlan::new(LogicalPlan::Aggregate(Aggregate {
            input: aggregate.input.clone(),
            keys: different,
            aggregates: Vec::new(),
        })),
    })))
}
