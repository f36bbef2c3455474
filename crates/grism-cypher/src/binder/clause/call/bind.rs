//! CALL of a procedure: its rows beside each row before it.

use std::sync::Arc;

use grism_core::{Result, Value};
use grism_functions::TableFunction;
use grism_logical::{LogicalExpr, LogicalPlan, SharedPlan, TableCall};

use super::arguments::{bind_arguments, yielded};
use super::find::find_procedure;
use super::procedure::{Found, Procedure, Source};
use super::search::search;
use crate::binder::clause::filter::filter;
use crate::binder::clause::rows::{Rows, with_column, with_needs};
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::column_for;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{CallClause, Expr, ProcedureTarget, Span};

/// What a call is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::binder::clause) enum CalledFor {
    /// The rows that it gives.
    Rows,
    /// What a function without columns does.
    Effect,
    /// Nothing: a listing without columns does not exist.
    Nothing,
}

/// What the procedure of a CALL is called for.
pub(in crate::binder::clause) fn called_for(
    context: QueryContext<'_>,
    call: &CallClause,
) -> CalledFor {
    match find_procedure(context, &call.target.name, None) {
        Ok(procedure) if !procedure.columns.is_empty() => CalledFor::Rows,
        Ok(Procedure {
            source: Source::Function(_),
            ..
        }) => CalledFor::Effect,
        _ => CalledFor::Nothing,
    }
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
    let procedure = find_procedure(context, name, arguments.as_deref().map(<[Expr]>::len))?;
    // A call that is the whole query stands alone.
    let alone = is_only && rows.plan == LogicalPlan::Unit && rows.scope.variables.is_empty();
    let whole = WholeCall {
        call,
        procedure: &procedure,
        span,
        alone,
    };
    // One without columns is called for what it does, and keeps every row.
    if !call.optional || procedure.columns.is_empty() {
        return found_by(context, notes, rows, &whole);
    }
    let inner = Rows::argument(rows.plan.schema()?, rows.scope.clone());
    let inner = found_by(context, notes, inner, &whole)?;
    rows.with_optional(inner)
}

/// A CALL and the procedure that it names.
struct WholeCall<'c> {
    call: &'c CallClause,
    procedure: &'c Procedure,
    span: Span,
    /// Whether it is the whole query.
    alone: bool,
}

/// The rows that a procedure gives, beside the rows before it, where the condition of YIELD holds.
fn found_by(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    whole: &WholeCall<'_>,
) -> Result<Rows> {
    let WholeCall {
        call,
        procedure,
        span,
        alone,
    } = *whole;
    let ProcedureTarget { name, arguments } = &call.target;
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let given = bind_arguments(&mut binder, procedure, arguments.as_deref(), name, alone)?;
    let yields = yielded(context, &rows.scope, procedure, call, alone, span)?;
    let found = Found {
        procedure,
        given,
        yields,
        span,
    };
    let rows = match &procedure.source {
        Source::Listed(values) => listed(notes, rows, values, &found)?,
        Source::Index => search(context, notes, &rows, &mut needs, &found)?,
        Source::Function(function) => called(rows, &mut needs, function, &found)?,
    };
    let predicate = call.yields.as_ref().and_then(|own| own.predicate.as_ref());
    match predicate {
        Some(predicate) => filter(context, notes, rows, predicate),
        None => Ok(rows),
    }
}

/// The rows of a procedure that lists them.
fn listed(notes: &mut Notes, rows: Rows, values: &[String], found: &Found<'_>) -> Result<Rows> {
    let kept: Vec<String> = rows.plan.schema()?.names().map(str::to_owned).collect();
    let value = notes.fresh("listed");
    let values = values.iter().cloned().map(Value::String).collect();
    let mut plan = LogicalPlan::Unwind {
        input: SharedPlan::new(rows.plan),
        expression: LogicalExpr::Literal(Value::List(values)),
        variable: value.clone(),
    };
    let mut scope = rows.scope;
    let mut columns = kept;
    for (column, variable) in &found.yields {
        let made = column_for(variable);
        plan = with_column(plan, LogicalExpr::column(&value).named(&made))?;
        scope.put(variable, &made, column.ty.clone());
        columns.push(made);
    }
    Ok(Rows::new(plan.keep_columns(&columns)?, scope))
}

/// The rows of a function of the user's.
fn called(
    rows: Rows,
    needs: &mut Needs,
    function: &Arc<dyn TableFunction>,
    found: &Found<'_>,
) -> Result<Rows> {
    let mut scope = rows.scope;
    let columns = found.yields.iter();
    let columns = columns.map(|(column, variable)| (column.name.clone(), column_for(variable)));
    let plan = LogicalPlan::TableCall(TableCall {
        input: SharedPlan::new(with_needs(rows.plan, needs)?),
        function: Arc::clone(function),
        arguments: found.given.clone(),
        columns: columns.collect(),
    });
    for (column, variable) in &found.yields {
        scope.put(variable, &column_for(variable), column.column_type());
    }
    Ok(Rows::new(plan, scope))
}
