//! Arithmetic: integers are checked, floats follow IEEE 754, `+` also joins texts and lists.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, Float64Array, ListArray, StringArray, StringBuilder};
use arrow::compute::kernels::{arity, numeric};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};
use grism_logical::BinaryOperator;

use super::budget::Rows;
use super::convert::format_value;
use super::operand::{Operand, aligned, computed_rows, map_rows};
use super::text::check_text_length;

/// `left operator right`, of the type `data_type`.
pub(super) fn arithmetic(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    batch: Rows<'_>,
    data_type: &DataType,
) -> Result<Operand> {
    let inputs = [left, right];
    let rows = batch.num_rows();
    match data_type {
        DataType::Utf8 => return concatenate(left, right, batch),
        DataType::List(_) => return join_lists(left, right, batch, data_type),
        _ if left.is_null_type() || right.is_null_type() => {
            let nulls = arrow::array::new_null_array(data_type, computed_rows(&inputs, rows));
            return Ok(Operand::over(&inputs, nulls));
        }
        _ => {}
    }
    let (left, right) = (left.cast(data_type)?, right.cast(data_type)?);
    let named = |error: arrow::error::ArrowError| match Error::from(error) {
        error if error.message().contains("overflow") || error.message().contains("Overflow") => {
            Error::invalid_data(format!("integer overflow in `{}`", operator.as_str()))
        }
        other => other,
    };
    let computed = match operator {
        BinaryOperator::Add => numeric::add(&left, &right).map_err(named)?,
        BinaryOperator::Subtract => numeric::sub(&left, &right).map_err(named)?,
        BinaryOperator::Multiply => numeric::mul(&left, &right).map_err(named)?,
        BinaryOperator::Divide => numeric::div(&left, &right).map_err(named)?,
        BinaryOperator::Remainder => numeric::rem(&left, &right).map_err(named)?,
        _ => {
            let (a, b) = aligned(&left, &right, rows)?;
            let (a, b) = (Operand::column(a), Operand::column(b));
            Arc::new(arity::binary::<_, _, _, arrow::datatypes::Float64Type>(
                a.as_array::<Float64Array>()?,
                b.as_array::<Float64Array>()?,
                f64::powf,
            )?)
        }
    };
    Ok(Operand::over(&inputs, computed))
}

/// `-operand`.
pub(super) fn negate(operand: &Operand) -> Result<Operand> {
    if operand.is_null_type() {
        return Ok(operand.clone());
    }
    let negated = numeric::neg(operand.array()).map_err(|error| match Error::from(error) {
        error if error.message().to_lowercase().contains("overflow") => {
            Error::invalid_data("integer overflow in `-`")
        }
        other => other,
    })?;
    Ok(Operand::over(&[operand], negated))
}

fn concatenate(left: &Operand, right: &Operand, batch: Rows<'_>) -> Result<Operand> {
    let inputs = [left, right];
    let (rows, budget) = (batch.num_rows(), batch.budget());
    if let (DataType::Utf8, DataType::Utf8) = (left.data_type(), right.data_type()) {
        let (a, b) = (
            left.as_array::<StringArray>()?,
            right.as_array::<StringArray>()?,
        );
        let count = computed_rows(&inputs, rows);
        let texts = |row: usize| {
            let (x, y) = (left.at(row), right.at(row));
            (a.is_valid(x) && b.is_valid(y)).then(|| (a.value(x), b.value(y)))
        };
        let bytes = (0..count)
            .filter_map(texts)
            .map(|(x, y)| x.len() + y.len())
            .sum();
        check_text_length(bytes)?;
        budget.reserve(bytes)?;
        let mut joined = StringBuilder::with_capacity(count, bytes);
        for row in 0..count {
            match texts(row) {
                Some((x, y)) => {
                    // What is written stays open until the value is closed.
                    joined
                        .write_str(x)
                        .and_then(|()| joined.write_str(y))
                        .map_err(|_| Error::internal("a text could not be written to memory"))?;
                    joined.append_value("");
                }
                None => joined.append_null(),
            }
        }
        return Ok(Operand::over(&inputs, Arc::new(joined.finish())));
    }
    map_rows(&inputs, rows, &DataType::Utf8, |values| match &values[..] {
        [Value::Null, _] | [_, Value::Null] => Ok(Value::Null),
        [a, b] => {
            let (a, b) = (format_value(a), format_value(b));
            check_text_length(a.len() + b.len())?;
            budget.reserve(a.len() + b.len())?;
            Ok(Value::String(a + &b))
        }
        _ => Err(Error::internal("`+` has two operands")),
    })
}

fn join_lists(
    left: &Operand,
    right: &Operand,
    batch: Rows<'_>,
    data_type: &DataType,
) -> Result<Operand> {
    let (rows, budget) = (batch.num_rows(), batch.budget());
    // Elements are values of their own for a while.
    let elements = |operand: &Operand| match operand.array().as_any().downcast_ref::<ListArray>() {
        Some(lists) => lists.values().len(),
        None => 1,
    };
    let count = elements(left).saturating_add(elements(right));
    budget.reserve(count.saturating_mul(size_of::<Value>()))?;
    let is_list = |operand: &Operand| matches!(operand.data_type(), DataType::List(_));
    let (left_is_list, right_is_list) = (is_list(left), is_list(right));
    map_rows(&[left, right], rows, data_type, |values| {
        let Ok([a, b]) = <[Value; 2]>::try_from(values) else {
            return Err(Error::internal("`+` has two operands"));
        };
        Ok(match (a, b) {
            (Value::List(mut a), Value::List(b)) if left_is_list && right_is_list => {
                a.extend(b);
                Value::List(a)
            }
            (Value::Null, _) if left_is_list => Value::Null,
            (_, Value::Null) if right_is_list => Value::Null,
            // A list and something that is no list, not even an unknown one: the element is added.
            (Value::List(mut list), item) if left_is_list => {
                if right_is_list {
                    return Ok(Value::Null);
                }
                list.push(item);
                Value::List(list)
            }
            (item, Value::List(mut list)) => {
                list.insert(0, item);
                Value::List(list)
            }
            _ => Value::Null,
        })
    })
}
