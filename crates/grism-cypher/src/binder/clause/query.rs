//! Queries that only read: single queries, and their unions.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::LogicalPlan;

use super::call::{bind_call, stands_alone};
use super::dispatch::bind_clause;
use super::projection::{ProjectionKind, project};
use super::rows::Rows;
use crate::binder::{Notes, QueryContext};
use crate::source::Source;
use crate::syntax::{ClauseKind, Query, SingleQuery};

/// The plan of a query, whose columns are those of its result.
pub(crate) fn bind_query(
    context: QueryContext<'_>,
    notes: &mut Notes,
    query: &Query,
) -> Result<LogicalPlan> {
    let first = single_query(context, notes, &query.head)?;
    if query.unions.is_empty() {
        return Ok(first);
    }
    let names: Vec<String> = first.schema()?.names().map(str::to_owned).collect();
    let mut inputs = vec![Arc::new(first)];
    let mut all = None;
    for union in &query.unions {
        let keeps = union.all;
        if *all.get_or_insert(keeps) != keeps {
            let message = "UNION and UNION ALL cannot be mixed in one query";
            return Err(context
                .source
                .invalid(message, union.span)
                .with_code("SyntaxError:InvalidClauseComposition"));
        }
        let mut branch = notes.branch();
        let plan = single_query(context, &mut branch, &union.query)?;
        notes.absorb(branch);
        let own: Vec<String> = plan.schema()?.names().map(str::to_owned).collect();
        if own != names {
            let message = format!(
                "the branches of a UNION need the same columns in the same order: {} and {}",
                names.join(", "),
                own.join(", ")
            );
            return Err(context
                .source
                .invalid(message, union.query.span)
                .with_code("SyntaxError:DifferentColumnsInUnion"));
        }
        inputs.push(Arc::new(plan));
    }
    union_of(inputs, all == Some(true))
}

/// The rows of all branches of a subquery.
pub(super) fn united(
    source: Source<'_>,
    query: &Query,
    mut inputs: Vec<Arc<LogicalPlan>>,
) -> Result<LogicalPlan> {
    if inputs.len() == 1 {
        return Ok(Arc::unwrap_or_clone(inputs.swap_remove(0)));
    }
    let all = query.unions.first().is_some_and(|union| union.all);
    if let Some(other) = query.unions.iter().find(|union| union.all != all) {
        let message = "UNION and UNION ALL cannot be mixed in one query";
        return Err(source
            .invalid(message, other.span)
            .with_code("SyntaxError:InvalidClauseComposition"));
    }
    union_of(inputs, all)
}

/// The rows of all inputs; different ones once, unless `all` are kept.
fn union_of(inputs: Vec<Arc<LogicalPlan>>, all: bool) -> Result<LogicalPlan> {
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

fn single_query(
    context: QueryContext<'_>,
    notes: &mut Notes,
    query: &SingleQuery,
) -> Result<LogicalPlan> {
    let clauses = &query.clauses;
    let is_only = clauses.len() == 1;
    let mut rows = Rows::start();
    for (index, clause) in clauses.iter().enumerate() {
        rows = match &clause.kind {
            ClauseKind::Return(projection) if index + 1 == clauses.len() => {
                let returned = project(
                    context,
                    notes,
                    rows,
                    projection,
                    None,
                    ProjectionKind::Return,
                )?;
                return Ok(returned.plan);
            }
            ClauseKind::Return(_) => {
                return Err(context
                    .source
                    .invalid("RETURN must be the last clause", clause.span)
                    .with_code("SyntaxError:InvalidClauseComposition"));
            }
            ClauseKind::Call(call) => bind_call(context, notes, rows, call, clause.span, is_only)?,
            _ => bind_clause(context, notes, rows, clause)?,
        };
    }
    let last = clauses.last();
    let Some(ClauseKind::Call(call)) = last.map(|clause| &clause.kind) else {
        let span = last.map_or(query.span, |clause| clause.span);
        return Err(context
            .source
            .invalid("a query that reads must end with RETURN", span)
            .with_code("SyntaxError:InvalidClauseComposition"));
    };
    if is_only && stands_alone(context, call) {
        return Ok(rows.plan);
    }
    // A query that ends without RETURN has no columns and no rows.
    Ok(LogicalPlan::Limit {
        input: Arc::new(rows.plan.keep_columns(&[])?),
        skip: 0,
        fetch: Some(0),
    })
}
