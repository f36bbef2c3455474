//! Equality and order as Cypher has them: numbers by value, NaN unlike anything, unlike types never equal.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use arrow::datatypes::DataType;
use grism_core::{Result, Value};
use grism_logical::BinaryOperator;

use super::operand::{Operand, aligned, computed_rows};

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
    use DataType::{Float64, Int64, List, Struct};
    let flags: BooleanArray = match (left.data_type(), right.data_type()) {
        (Int64 | Float64, Float64) | (Float64, Int64) => {
            let (a, b) = aligned(left, right, rows)?;
            compare_numbers(operator, &a, &b)?
        }
        (List(_), List(_)) | (Struct(_), Struct(_)) => {
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
                holds(operator, integer_to_float(a[row], b[row]))
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
                    integer_to_float(b[row], a[row]).map(Ordering::reverse),
                )
            })
        }
    };
    Ok(BooleanArray::new(flags, nulls))
}

/// Compares by value, without the rounding that a cast of a large integer would bring.
fn integer_to_float(integer: i64, float: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= LIMIT {
        Some(Ordering::Less)
    } else if float < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        let order = integer.cmp(&(whole as i64));
        Some(order.then_with(|| 0.0.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)))
    }
}

/// `left operator right` of single values; `None` is null.
pub(super) fn compare_values(
    operator: BinaryOperator,
    left: &Value,
    right: &Value,
) -> Option<bool> {
    match operator {
        BinaryOperator::Equal => equal(left, right),
        BinaryOperator::NotEqual => equal(left, right).map(|equal| !equal),
        _ => match (left, right) {
            (Value::Float64(a), _) if a.is_nan() && is_number(right) => Some(false),
            (_, Value::Float64(b)) if b.is_nan() && is_number(left) => Some(false),
            _ => order(left, right).map(|order| holds(operator, Some(order))),
        },
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int64(_) | Value::Float64(_))
}

/// Equality of single values; `None` where a null makes it unknown.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b).map(|(a, b)| equal(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()).map(|(a, b)| equal(a, b)))
        }
        (Value::Int64(a), Value::Float64(b)) | (Value::Float64(b), Value::Int64(a)) => {
            Some(integer_to_float(*a, *b) == Some(Ordering::Equal))
        }
        (a, b) => Some(a == b),
    }
}

/// The conjunction of facts that may be unknown.
fn all(facts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for fact in facts {
        match fact {
            Some(false) => return Some(false),
            None => known = None,
            Some(true) => {}
        }
    }
    known
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int64(a), Value::Int64(b)) => Some(a.cmp(b)),
        (Value::Float64(a), Value::Float64(b)) => a.partial_cmp(b),
        (Value::Int64(a), Value::Float64(b)) => integer_to_float(*a, *b),
        (Value::Float64(a), Value::Int64(b)) => integer_to_float(*b, *a).map(Ordering::reverse),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::LocalTime(a), Value::LocalTime(b))
        | (Value::LocalDateTime(a), Value::LocalDateTime(b))
        | (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b) {
                match order(a, b)? {
                    Ordering::Equal => {}
                    unequal => return Some(unequal),
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        _ => None,
    }
}

/// `needle IN list`.
pub(super) fn is_in(needle: &Operand, list: &Operand, rows: usize) -> Result<Operand> {
    let inputs = [needle, list];
    let count = computed_rows(&inputs, rows);
    if list.is_null_type() {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(count)),
        ));
    }
    if list.is_scalar() && !list.array().is_null(0) {
        // The usual case, a list of constants: one pass of the equality kernel for each.
        let Value::List(items) = list.value(0)? else {
            return Ok(Operand::null(&DataType::Boolean));
        };
        if items.len() <= 64 {
            let none = Operand::scalar(Arc::new(BooleanArray::from(vec![false])));
            return items.iter().try_fold(none, |found, item| {
                let item = Operand::scalar(item.to_array(1)?);
                let equal = compare(BinaryOperator::Equal, needle, &item, rows)?;
                super::logic::combine(BinaryOperator::Or, &found, &equal, rows)
            });
        }
    }
    let mut flags = Vec::with_capacity(count);
    for row in 0..count {
        let wanted = needle.value(row)?;
        flags.push(match list.value(row)? {
            Value::List(items) => contains(&items, &wanted),
            _ => None,
        });
    }
    Ok(Operand::over(&inputs, Arc::new(BooleanArray::from(flags))))
}

fn contains(items: &[Value], wanted: &Value) -> Option<bool> {
    let mut known = Some(false);
    for item in items {
        match equal(item, wanted) {
            Some(true) => return Some(true),
            None => known = None,
            Some(false) => {}
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_integers_are_compared_with_floats_by_value() {
        let large = (1i64 << 53) + 1;
        assert_eq!(
            integer_to_float(large, (1u64 << 53) as f64),
            Some(Ordering::Greater)
        );
        assert_eq!(
            integer_to_float(i64::MAX, i64::MAX as f64),
            Some(Ordering::Less)
        );
        assert_eq!(integer_to_float(-1, -1.5), Some(Ordering::Greater));
        assert_eq!(integer_to_float(1, 1.5), Some(Ordering::Less));
        assert_eq!(integer_to_float(1, f64::NAN), None);
    }

    #[test]
    fn a_null_within_a_list_makes_equality_unknown() {
        let list = |values: &[Value]| Value::List(values.to_vec());
        let (one, two, null) = (Value::Int64(1), Value::Int64(2), Value::Null);
        assert_eq!(
            equal(
                &list(&[one.clone(), null.clone()]),
                &list(&[one.clone(), two.clone()])
            ),
            None
        );
        assert_eq!(
            equal(&list(&[one.clone(), null]), &list(&[two, one])),
            Some(false)
        );
    }
}
