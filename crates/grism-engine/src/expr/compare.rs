//! Equality and order as Cypher has them: numbers by value, NaN unlike anything, unlike types never equal.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use arrow::datatypes::DataType;
use grism_core::{Result, Value, compare_integer_float, equal_values, order_values};
use grism_functions::{Operand, aligned, computed_rows};
use grism_logical::BinaryOperator;

/// `left operator right`.
pub(super) fn compare(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let inputs = [left, right];
    let count = computed_rows(&inputs, rows);
    if left.is_null_type() || right.is_null_type() {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(count)),
        ));
    }
    use DataType::{Float64, Int64, LargeBinary, List, Struct};
    let flags: BooleanArray = match (left.data_type(), right.data_type()) {
        (Int64 | Float64, Float64) | (Float64, Int64) => {
            let (a, b) = aligned(left, right, rows)?;
            compare_numbers(operator, &a, &b)?
        }
        (List(_), List(_)) | (Struct(_), Struct(_)) | (LargeBinary, LargeBinary) => {
            let mut flags = Vec::with_capacity(count);
            for row in 0..count {
                flags.push(compare_values(
                    operator,
                    &left.value(row)?,
                    &right.value(row)?,
                ));
            }
            flags.into()
        }
        (a, b) if a == b => match operator {
            BinaryOperator::Equal => cmp::eq(left, right)?,
            BinaryOperator::NotEqual => cmp::neq(left, right)?,
            BinaryOperator::Less => cmp::lt(left, right)?,
            BinaryOperator::LessOrEqual => cmp::lt_eq(left, right)?,
            BinaryOperator::Greater => cmp::gt(left, right)?,
            _ => cmp::gt_eq(left, right)?,
        },
        _ => unlike(operator, left, right, count),
    };
    Ok(Operand::over(&inputs, Arc::new(flags)))
}

/// Values of unlike types are different, and have no order.
fn unlike(operator: BinaryOperator, left: &Operand, right: &Operand, count: usize) -> BooleanArray {
    let valid = |operand: &Operand, row: usize| operand.array().is_valid(operand.at(row));
    (0..count)
        .map(|row| match operator {
            _ if !valid(left, row) || !valid(right, row) => None,
            BinaryOperator::Equal => Some(false),
            BinaryOperator::NotEqual => Some(true),
            _ => None,
        })
        .collect()
}

fn holds(operator: BinaryOperator, order: Option<Ordering>) -> bool {
    match (operator, order) {
        (BinaryOperator::NotEqual, order) => order != Some(Ordering::Equal),
        (_, None) => false,
        (BinaryOperator::Equal, Some(order)) => order.is_eq(),
        (BinaryOperator::Less, Some(order)) => order.is_lt(),
        (BinaryOperator::LessOrEqual, Some(order)) => order.is_le(),
        (BinaryOperator::Greater, Some(order)) => order.is_gt(),
        (_, Some(order)) => order.is_ge(),
    }
}

fn compare_numbers(operator: BinaryOperator, a: &ArrayRef, b: &ArrayRef) -> Result<BooleanArray> {
    let nulls = NullBuffer::union(a.nulls(), b.nulls());
    let (a, b) = (
        Operand::column(Arc::clone(a)),
        Operand::column(Arc::clone(b)),
    );
    let rows = a.array().len();
    let flags = match (a.data_type(), b.data_type()) {
        (DataType::Float64, DataType::Float64) => {
            let (a, b) = (
                a.as_array::<Float64Array>()?.values(),
                b.as_array::<Float64Array>()?.values(),
            );
            BooleanBuffer::collect_bool(rows, |row| holds(operator, a[row].partial_cmp(&b[row])))
        }
        (DataType::Int64, _) => {
            let (a, b) = (
                a.as_array::<Int64Array>()?.values(),
                b.as_array::<Float64Array>()?.values(),
            );
            BooleanBuffer::collect_bool(rows, |row| {
                holds(operator, compare_integer_float(a[row], b[row]))
            })
        }
        _ => {
            let (a, b) = (
                a.as_array::<Float64Array>()?.values(),
                b.as_array::<Int64Array>()?.values(),
            );
            BooleanBuffer::collect_bool(rows, |row| {
                holds(
                    operator,
                    compare_integer_float(b[row], a[row]).map(Ordering::reverse),
                )
            })
        }
    };
    Ok(BooleanArray::new(flags, nulls))
}

/// `left operator right` of single values; `None` is null.
pub(super) fn compare_values(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Option<bool> {
    match operator {
        BinaryOperator::Equal => equal_values(left, right),
        BinaryOperator::NotEqual => equal_values(left, right).map(|equal| !equal),
        _ => match (left, right) {
            (Value::Float64(a), _) if a.is_nan() && is_number(right) => Some(false),
            (_, Value::Float64(b)) if b.is_nan() && is_number(left) => Some(false),
            _ => order_values(left, right).map(|order| holds(operator, Some(order))),
        },
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int64(_) | Value::Float64(_))
}
