//! CALL of a procedure: the rows whose arguments are the call's.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{BinaryOperator, LogicalExpr, LogicalPlan, UnaryOperator};

use super::arguments::{bind_arguments, yielded};
use super::find::find_procedure;
use super::procedure::{Found, Procedure};
use super::search::search;
use crate::binder::clause::filter::filter;
use crate::binder::clause::rows::{Rows, with_column, with_needs};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, property_of_bound};
use crate::binder::names::{Scope, column_for};
use crate::binder::{Notes, QueryContext};
use crate::syntax::{CallClause, Expr, Name, ProcedureTarget, Span};

/// Whether a query that consists of this CALL alone gives the procedure's rows.
pub(in crate::binder::clause) fn stands_alone(
    context: QueryContext<'_>,
    call: &CallClause,
) -> bool {
    let procedure = find_procedure(context, &call.target.name, None);
    procedure.is_ok_and(|procedure| !procedure.columns.is_empty())
}

/// Binds a CALL, which `is_only` where it is the only clause of its query.
pub(in crate::binder::clause) fn bind_call(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    call: &CallClause,
    span: Span,
    is_only: bool,
) -> Result<Rows> {
    let ProcedureTarget { name, arguments } = &call.target;
    if call.optional {
        return Err(context.source.unsupported("OPTIONAL CALL", span));
    }
    let procedure = find_procedure(context, name, arguments.as_deref().map(<[Expr]>::len))?;
    // A call that is the whole query stands alone.
    let alone = is_only && rows.plan == LogicalPlan::Unit && rows.scope.variables.is_empty();
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let given = bind_arguments(&mut binder, &procedure, arguments.as_deref(), name, alone)?;
    let yields = yielded(context, &rows.scope, &procedure, call, alone, span)?;
    if procedure.columns.is_empty() {
        // It gives nothing: every row goes on as it is.
        return rows.with_needs(&mut needs);
    }
    let found = Found {
        procedure: &procedure,
        given,
        yields,
        predicate: call
            .yields
            .as_ref()
            .and_then(|yields| yields.predicate.as_ref()),
        span,
    };
    match search(context, notes, &rows, &mut needs, &found)? {
        Some(searched) => filter_yielded(context, notes, searched, &found),
        None => listed(context, notes, rows, needs, &found),
    }
}

fn filter_yielded(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    found: &Found<'_>,
) -> Result<Rows> {
    match found.predicate {
        Some(predicate) => filter(context, notes, rows, predicate),
        None => Ok(rows),
    }
}

/// The rows of a procedure that lists them.
fn listed(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    mut needs: Needs,
    found: &Found<'_>,
) -> Result<Rows> {
    let procedure = found.procedure;
    let row = notes.fresh("row");
    let mut plan = LogicalPlan::Unwind {
        input: Arc::new(rows.plan),
        expression: rows_of(procedure),
        variable: row.clone(),
    };
    let mut scope = rows.scope;
    let columns = plan.schema()?;
    let row_type = columns
        .find(&row)
        .map_or(Type::Null, |column| column.ty.clone());
    let cell = |notes: &mut Notes, needs: &mut Needs, scope: &Scope, column: &str| {
        let input = ExpressionInput::new(scope, &columns);
        let mut binder = ExpressionBinder::new(context, notes, input, needs);
        cell(&mut binder, &row, &row_type, column, found.span)
    };
    let mut conditions = Vec::new();
    for (argument, value) in procedure.arguments.iter().zip(&found.given) {
        let cell = cell(notes, &mut needs, &scope, &argument.name)?;
        let both_null = LogicalExpr::all([
            cell.clone().unary(UnaryOperator::IsNull),
            value.clone().unary(UnaryOperator::IsNull),
        ]);
        let equal = cell.binary(BinaryOperator::Equal, value.clone());
        conditions.push(LogicalExpr::any([equal, both_null]));
    }
    plan = with_needs(plan, &mut needs)?.filtered(conditions);
    for (column, variable) in &found.yields {
        let value = cell(notes, &mut needs, &scope, &column.name)?;
        let made = column_for(variable);
        plan = with_column(with_needs(plan, &mut needs)?, value, made.clone())?;
        let schema = plan.schema()?;
        let ty = schema.find(&made).map_or(&column.ty, |column| &column.ty);
        scope.put(variable, &made, ty.clone());
    }
    let rows = filter_yielded(context, notes, Rows::new(plan, scope), found)?;
    // The procedure's rows end here.
    let columns: Vec<String> = rows
        .plan
        .schema()?
        .names()
        .filter(|name| *name != row)
        .map(str::to_owned)
        .collect();
    Ok(Rows::new(rows.plan.keep_columns(&columns)?, rows.scope))
}

/// The rows of a procedure as a list of maps.
fn rows_of(procedure: &Procedure) -> LogicalExpr {
    let columns = procedure.arguments.iter().chain(&procedure.columns);
    let names: Vec<String> = columns.map(|column| column.name.clone()).collect();
    let rows = procedure.rows.iter().map(|row| {
        let cells = names.iter().cloned().zip(row.iter().cloned());
        Value::Map(cells.collect())
    });
    LogicalExpr::Literal(Value::List(rows.collect()))
}

/// A column of a procedure's row.
fn cell(
    binder: &mut ExpressionBinder<'_, '_>,
    row: &str,
    ty: &Type,
    column: &str,
    span: Span,
) -> Result<LogicalExpr> {
    let name = Name {
        text: column.to_owned(),
        span,
    };
    match ty {
        Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
        ty => property_of_bound(binder, LogicalExpr::column(row), ty, &name),
    }
}
