//! One clause that reads, whatever it is, `CALL (…) { … }` included: a query that runs for each row, whose clauses are bound
//! like those around it.

use grism_core::{Error, Result, with_stack};
use grism_logical::{ApplyKind, LogicalPlan, PlanSchema};

use super::call::bind_call;
use super::imports::imported_scope;
use super::load_rows::load_rows;
use super::matching::match_clause;
use super::projection::{ProjectionKind, project};
use super::rows::Rows;
use super::union::united;
use super::unwind::unwind;
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Clause, ClauseKind, Projection, SingleQuery, SubqueryClause};

/// The rows after a clause that is not the last RETURN.
pub(crate) fn bind_clause(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &Clause,
) -> Result<Rows> {
    // Clauses nest in subqueries.
    with_stack(|| bind_kind(context, notes, rows, clause))
}

fn bind_kind(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &Clause,
) -> Result<Rows> {
    let name = match &clause.kind {
        ClauseKind::Match(matched) => return match_clause(context, notes, rows, matched),
        ClauseKind::Unwind(own) => return unwind(context, notes, rows, own),
        ClauseKind::With(with) => {
            let predicate = with.predicate.as_ref();
            let kind = ProjectionKind::With;
            return project(context, notes, rows, &with.projection, predicate, kind);
        }
        ClauseKind::Return(_) => {
            return Err(context
                .source
                .invalid("RETURN must be the last clause", clause.span));
        }
        ClauseKind::LoadRows(load) => return load_rows(context, notes, rows, load),
        ClauseKind::Call(call) => {
            return bind_call(context, notes, rows, call, clause.span, false);
        }
        ClauseKind::Create(_) => "CREATE within a query that reads",
        ClauseKind::Merge(_) => "MERGE within a query that reads",
        ClauseKind::Delete(_) => "DELETE within a query that reads",
        ClauseKind::Set(_) => "SET within a query that reads",
        ClauseKind::Remove(_) => "REMOVE within a query that reads",
        ClauseKind::Subquery(subquery) if !subquery.query.writes() => {
            return call_subquery(context, notes, rows, subquery);
        }
        ClauseKind::Subquery(_) => "CALL { … } that writes",
        ClauseKind::Foreach(_) => "FOREACH",
    };
    Err(context.source.unsupported(name, clause.span))
}

/// Binds a subquery that only reads.
fn call_subquery(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &SubqueryClause,
) -> Result<Rows> {
    if let Some(transactions) = &clause.transactions {
        let message = "IN TRANSACTIONS needs a subquery that writes";
        return Err(context.source.invalid(message, transactions.span));
    }
    let columns = rows.plan.schema()?;
    let mut branches: Vec<(Rows, Notes)> = Vec::new();
    for branch in clause.query.branches() {
        let mut own = notes.branch();
        let bound = subquery_branch(context, &mut own, clause, branch, &rows.scope, &columns)?;
        if let Some((first, _)) = branches.first()
            && !first.scope.names().eq(bound.scope.names())
        {
            let message = "the branches of a UNION need the same columns in the same order";
            return Err(context
                .source
                .invalid(message, branch.span)
                .with_code("SyntaxError:DifferentColumnsInUnion"));
        }
        branches.push((bound, own));
    }
    let Some((first, _)) = branches.first() else {
        return Err(Error::internal("a subquery without a branch"));
    };
    let returned = first.scope.clone();
    let mut inputs = Vec::new();
    for (branch, own) in branches {
        notes.absorb(own);
        inputs.push(branch.plan.into());
    }
    let subplan = united(&clause.query, inputs)?;
    let types = subplan.schema()?;
    let mut rows = rows.applied(
        subplan,
        match clause.optional {
            true => ApplyKind::Optional,
            false => ApplyKind::Inner,
        },
    );
    for variable in returned.variables {
        let found = types.find(&variable.column).map(|column| column.ty.clone());
        let ty = found.unwrap_or(variable.ty);
        rows.scope.put(&variable.name, &variable.column, ty);
    }
    Ok(rows)
}

/// One branch, whose variables in the end are the columns of its RETURN.
fn subquery_branch(
    context: QueryContext<'_>,
    notes: &mut Notes,
    clause: &SubqueryClause,
    branch: &SingleQuery,
    outer: &Scope,
    columns: &PlanSchema,
) -> Result<Rows> {
    let (scope, imports) = imported_scope(context, outer, clause, branch)?;
    // What is not imported has no column either, which the subquery might give another meaning.
    let variables = scope.variables.iter();
    let known: Vec<String> = variables.map(|own| own.column.clone()).collect();
    let plan = LogicalPlan::Argument(columns.clone()).keep_columns(&known)?;
    let mut rows = Rows::new(plan, scope);
    let clauses = &branch.clauses[imports..];
    for (index, own) in clauses.iter().enumerate() {
        match &own.kind {
            ClauseKind::Return(projection) if index + 1 == clauses.len() => {
                let kind = ProjectionKind::Return;
                rows = project(context, notes, rows, projection, None, kind)?;
                check_returned(context, outer, &rows.scope, projection)?;
                return Ok(rows);
            }
            _ => rows = bind_clause(context, notes, rows, own)?,
        }
    }
    let message = "a subquery that reads must end with RETURN";
    Err(context
        .source
        .invalid(message, branch.span)
        .with_code("SyntaxError:InvalidClauseComposition"))
}

/// What a subquery returns is new outside of it.
fn check_returned(
    context: QueryContext<'_>,
    outer: &Scope,
    returned: &Scope,
    projection: &Projection,
) -> Result<()> {
    for variable in &returned.variables {
        if outer.find(&variable.name).is_some() {
            let message = format!(
                "the variable `{}` is bound outside of the subquery; return it by another name with AS",
                variable.name
            );
            return Err(context
                .source
                .invalid(message, projection.span)
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
    }
    Ok(())
}
