//! `CALL (…) { … }`: a query that runs for each row, and sees the variables that it imports.

use std::sync::Arc;

use grism_core::{Error, Result};
use grism_logical::{ApplyKind, LogicalPlan, PlanSchema};

use super::dispatch::bind_clause;
use super::projection::{ProjectionKind, project};
use super::query::united;
use super::rows::Rows;
use crate::binder::names::{Scope, unknown_variable};
use crate::binder::{Notes, QueryContext};
use crate::syntax::{
    ClauseKind, ExprKind, Imports, Name, Projection, ProjectionItemKind, SingleQuery,
    SubqueryClause,
};

/// Binds a subquery that only reads.
pub(super) fn call_subquery(
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
        inputs.push(Arc::new(branch.plan));
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

/// The variables that a branch of a subquery sees, and how many of its clauses say so.
pub(crate) fn imported_scope(
    context: QueryContext<'_>,
    outer: &Scope,
    clause: &SubqueryClause,
    branch: &SingleQuery,
) -> Result<(Scope, usize)> {
    let (names, clauses) = imported_names(clause, branch);
    let scope = match names {
        None => outer.clone(),
        Some(names) => imported(context, outer, names.into_iter())?,
    };
    Ok((scope, clauses))
}

/// The names of the variables that a branch of a subquery sees, `None` for all, and how many of its clauses say so.
pub(crate) fn imported_names<'q>(
    clause: &'q SubqueryClause,
    branch: &'q SingleQuery,
) -> (Option<Vec<&'q Name>>, usize) {
    match &clause.imports {
        Some(Imports::All) => return (None, 0),
        Some(Imports::Names(names)) => return (Some(names.iter().collect()), 0),
        None => {}
    }
    let Some(ClauseKind::With(with)) = branch.clauses.first().map(|first| &first.kind) else {
        return (Some(Vec::new()), 0);
    };
    match imports(&with.projection).filter(|_| with.predicate.is_none()) {
        // `WITH *` imports everything.
        Some(names) if names.is_empty() => (None, 1),
        Some(names) => (Some(names), 1),
        None => (Some(Vec::new()), 0),
    }
}

/// The variables that a subquery imports.
fn imported<'n>(
    context: QueryContext<'_>,
    outer: &Scope,
    names: impl Iterator<Item = &'n Name>,
) -> Result<Scope> {
    let mut scope = Scope::default();
    for name in names {
        let Some(variable) = outer.find(&name.text) else {
            return Err(unknown_variable(
                context.source,
                (&name.text, name.span),
                outer.names(),
            ));
        };
        scope.put(&variable.name, &variable.column, variable.ty.clone());
    }
    Ok(scope)
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

/// The variables that a WITH at the start of a subquery imports: those of a list of plain names, none for `*`; `None` where
/// it does anything else.
fn imports(projection: &Projection) -> Option<Vec<&Name>> {
    let plain = !projection.distinct
        && projection.order_by.is_empty()
        && projection.skip.is_none()
        && projection.limit.is_none();
    if !plain {
        return None;
    }
    if let [item] = &projection.items[..]
        && item.kind == ProjectionItemKind::Wildcard
    {
        return Some(Vec::new());
    }
    projection
        .items
        .iter()
        .map(|item| match &item.kind {
            ProjectionItemKind::Expression {
                expression,
                alias: None,
            } => match &expression.kind {
                ExprKind::Variable(name) => Some(name),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
