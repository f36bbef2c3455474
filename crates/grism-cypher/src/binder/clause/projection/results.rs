//! The columns of a result: their names, and values in place of entities.

use std::sync::Arc;

use grism_core::Result;
use grism_logical::{LogicalExpr, LogicalPlan};

use super::items::Item;
use crate::binder::clause::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, materialized};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Span;

/// Makes values of the entities among the variables in scope, which become the result's columns.
pub(crate) fn materialize_results(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
) -> Result<Rows> {
    let items: Vec<Item> = rows
        .scope
        .variables
        .iter()
        .map(|variable| Item {
            column: variable.column.clone(),
            name: variable.name.clone(),
            expression: LogicalExpr::column(&variable.column),
            ty: variable.ty.clone(),
            span: Span::empty(0),
        })
        .collect();
    result(context, notes, rows, &items)
}

/// Gives the result columns their names, and makes values of the entities among them.
pub(super) fn result(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    items: &[Item],
) -> Result<Rows> {
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let mut expressions = Vec::new();
    for item in items {
        let base = LogicalExpr::column(&item.column);
        let value = materialized(&mut binder, base, &item.ty, item.span)?;
        expressions.push((value, item.name.clone()));
    }
    let mut rows = rows.with_needs(&mut needs)?;
    let plain = expressions
        .iter()
        .zip(items)
        .all(|((expression, name), item)| {
            *expression == LogicalExpr::column(&item.column) && name == &item.column
        });
    if !plain {
        rows = Rows::new(
            LogicalPlan::Project {
                input: Arc::new(rows.plan),
                expressions,
            },
            rows.scope,
        );
    }
    Ok(rows)
}
