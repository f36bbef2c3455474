//! The columns of a result: their names, and values in place of entities.

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan, SharedPlan};

use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, materialized};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Span;

/// Makes values of the entities among the variables in scope, whose names become those of the columns.
pub(crate) fn materialize_results(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
) -> Result<Rows> {
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut expressions = Vec::new();
    for variable in &rows.scope.variables {
        let base = LogicalExpr::column(&variable.column);
        let value = materialized(&mut binder, base, &variable.ty, Span::empty(0))?;
        expressions.push(value.named(&variable.name));
    }
    let rows = rows.with_needs(&mut needs)?;
    let named = rows.scope.variables.iter().zip(&expressions);
    let is_result = named
        .clone()
        .all(|(variable, own)| own.is_own_column() && own.name == variable.column);
    let columns = rows.plan.schema()?;
    if is_result
        && columns
            .names()
            .eq(named.map(|(variable, _)| variable.column.as_str()))
    {
        return Ok(rows);
    }
    let plan = LogicalPlan::Project {
        input: SharedPlan::new(rows.plan),
        expressions,
    };
    Ok(Rows::new(plan, rows.scope))
}
