//! Rows that expressions are evaluated over.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{Column, LogicalExpr, PlanSchema};

use crate::batch::batch_of;
use crate::{ExprEvaluator, PhysicalSchema};

/// A column of known values.
pub(super) struct Known {
    name: &'static str,
    ty: Type,
    values: Vec<Value>,
}

pub(super) fn known(name: &'static str, ty: Type, values: &[Value]) -> Known {
    let values = values.to_vec();
    Known { name, ty, values }
}

/// The value of `expression` for each row of the columns, which have as many values as each other.
pub(super) fn evaluated(expression: &LogicalExpr, columns: &[Known]) -> Result<Vec<Value>> {
    let names = columns
        .iter()
        .map(|column| Column::new(column.name, column.ty.clone()));
    let schema = PhysicalSchema::from(PlanSchema::new(names.collect()));
    let arrays = columns
        .iter()
        .map(|column| Value::column(&column.values, &column.ty.to_arrow()))
        .collect::<Result<Vec<_>>>()?;
    let rows = columns.first().map_or(1, |column| column.values.len());
    let batch = batch_of(&Arc::clone(schema.arrow()), arrays, rows)?;
    let evaluator = ExprEvaluator::try_new(expression, &schema)?;
    let found = evaluator.evaluate(&batch)?;
    assert_eq!(found.len(), rows);
    (0..rows)
        .map(|row| Value::from_typed(&found, row, evaluator.value_type()))
        .collect()
}

/// The value of an expression over no columns.
pub(super) fn constant(expression: &LogicalExpr) -> Result<Value> {
    Ok(evaluated(expression, &[])?.remove(0))
}

pub(super) fn x() -> LogicalExpr {
    LogicalExpr::column("x")
}

pub(super) fn y() -> LogicalExpr {
    LogicalExpr::column("y")
}

pub(super) fn literal(value: Value) -> LogicalExpr {
    LogicalExpr::Literal(value)
}

pub(super) fn int(value: i64) -> LogicalExpr {
    literal(Value::Int64(value))
}

pub(super) fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().copied().map(Value::Int64).collect()
}

pub(super) fn text(word: &str) -> Value {
    Value::String(word.to_owned())
}

/// Values as texts, since NaN is unlike itself.
pub(super) fn shown(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::to_string).collect()
}
