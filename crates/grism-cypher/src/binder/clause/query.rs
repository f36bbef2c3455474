//! Queries that only read: single queries, and their unions.

use grism_core::Result;
use grism_logical::{LogicalPlan, SharedPlan};

use super::call::{CalledFor, bind_call, called_for};
use super::dispatch::bind_clause;
use super::projection::materialize_results;
use super::projection::{ProjectionKind, project};
use super::rows::Rows;
use super::union::united;
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{ClauseKind, Query, SingleQuery};

/// The plan of a query, whose columns are those of its result.
pub(crate) fn bind_query(
    context: QueryContext<'_>,
    notes: &mut Notes,
    query: &Query,
) -> Result<LogicalPlan> {
    let mut rows = single_query(context, notes, &query.head)?;
    if !query.unions.is_empty() {
        rows = bind_union(context, notes, query, rows)?;
    }
    Ok(materialize_results(context, notes, rows)?.plan)
}

/// The rows of all branches, the first of which is bound. Entities stay entities, so that they are the same where they come
/// from branches that know more and less of what they are.
fn bind_union(
    context: QueryContext<'_>,
    notes: &mut Notes,
    query: &Query,
    first: Rows,
) -> Result<Rows> {
    let mut scope = first.scope;
    let mut inputs = vec![SharedPlan::new(first.plan)];
    for union in &query.unions {
        let mut branch = notes.branch();
        let rows = single_query(context, &mut branch, &union.query)?;
        notes.absorb(branch);
        if !rows.scope.names().eq(scope.names()) {
            let message = format!(
                "the branches of a UNION need the same columns in the same order: {} and {}",
                scope.names().collect::<Vec<_>>().join(", "),
                rows.scope.names().collect::<Vec<_>>().join(", ")
            );
            return Err(context
                .source
                .invalid(message, union.query.span)
                .with_code("SyntaxError:DifferentColumnsInUnion"));
        }
        inputs.push(rows.plan.into());
    }
    let plan = united(query, inputs)?;
    let columns = plan.schema()?;
    for variable in &mut scope.variables {
        if let Some(column) = columns.find(&variable.column) {
            variable.ty = column.ty.clone();
        }
    }
    Ok(Rows::new(plan, scope))
}

/// The rows of a query without UNION, whose variables are the columns of its RETURN.
fn single_query(context: QueryContext<'_>, notes: &mut Notes, query: &SingleQuery) -> Result<Rows> {
    let clauses = &query.clauses;
    let is_only = clauses.len() == 1;
    let mut rows = Rows::start();
    for (index, clause) in clauses.iter().enumerate() {
        rows = match &clause.kind {
            ClauseKind::Return(projection) if index + 1 == clauses.len() => {
                let kind = ProjectionKind::Return;
                return project(context, notes, rows, projection, None, kind);
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
    let called_for = called_for(context, call);
    if is_only && called_for == CalledFor::Rows {
        return Ok(rows);
    }
    // A query that ends without RETURN has no columns and no rows. What is called for what it does is called for every row.
    let (skip, fetch) = match called_for {
        CalledFor::Effect => (usize::MAX, None),
        CalledFor::Rows | CalledFor::Nothing => (0, Some(0)),
    };
    let plan = LogicalPlan::Limit {
        input: SharedPlan::new(rows.plan.keep_columns(&[])?),
        skip,
        fetch,
    };
    Ok(Rows::new(plan, Scope::default()))
}
