//! Conversions between types: toString, toInteger, toFloat, toBoolean.

use std::sync::Arc;

use arrow::array::{Array, StringArray};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};
use grism_logical::ScalarFunction;

use super::operand::{Operand, map_rows};

/// Converts `operand` as `function` says, to `data_type`.
pub(super) fn convert(
    function: ScalarFunction,
    operand: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    match (function, operand.data_type()) {
        (ScalarFunction::ToString, DataType::Utf8)
        | (ScalarFunction::ToInteger, DataType::Int64)
        | (ScalarFunction::ToFloat, DataType::Float64)
        | (ScalarFunction::ToBoolean, DataType::Boolean) => Ok(operand.clone()),
        (ScalarFunction::ToFloat, DataType::Int64) => operand.cast(&DataType::Float64),
        (ScalarFunction::ToString, DataType::Int64) => {
            let numbers = operand.as_array::<arrow::array::Int64Array>()?;
            let texts: StringArray = (0..numbers.len())
                .map(|row| {
                    numbers
                        .is_valid(row)
                        .then(|| numbers.value(row).to_string())
                })
                .collect();
            Ok(Operand::over(&[operand], Arc::new(texts)))
        }
        _ => map_rows(&[operand], rows, data_type, |values| {
            let value = values.into_iter().next().unwrap_or(Value::Null);
            convert_value(function, value)
        }),
    }
}

/// `value` as `function` converts it.
pub(super) fn convert_value(function: ScalarFunction, value: Value) -> Result<Value> {
    Ok(match (function, value) {
        (_, Value::Null) => Value::Null,
        (
            ScalarFunction::ToString,
            value @ (Value::List(_)
            | Value::Map(_)
            | Value::Node(_)
            | Value::Hyperedge(_)
            | Value::Incidence(_)
            | Value::Path(_)
            | Value::Bytes(_)),
        ) => return Err(super::values::mismatch(function, &value)),
        (ScalarFunction::ToString, value) => Value::String(format_value(&value)),
        (ScalarFunction::ToInteger, value @ Value::Int64(_))
        | (ScalarFunction::ToFloat, value @ Value::Float64(_))
        | (ScalarFunction::ToBoolean, value @ Value::Bool(_)) => value,
        (ScalarFunction::ToFloat, Value::Int64(value)) => Value::Float64(value as f64),
        (ScalarFunction::ToInteger, Value::Bool(value)) => Value::Int64(i64::from(value)),
        (ScalarFunction::ToInteger, Value::Float64(value)) => float_to_integer(value)?,
        (ScalarFunction::ToInteger, Value::String(text)) => {
            let text = text.trim();
            match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(integer), _) => Value::Int64(integer),
                (_, Ok(float)) if float.is_finite() => float_to_integer(float)?,
                _ => Value::Null,
            }
        }
        (ScalarFunction::ToFloat, Value::String(text)) => {
            text.trim().parse().map_or(Value::Null, Value::Float64)
        }
        (ScalarFunction::ToBoolean, Value::Int64(value)) => Value::Bool(value != 0),
        (ScalarFunction::ToBoolean, Value::String(text)) => {
            match text.trim().to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Null,
            }
        }
        (function, value) => return Err(super::values::mismatch(function, &value)),
    })
}

fn float_to_integer(value: f64) -> Result<Value> {
    let whole = value.trunc();
    if !whole.is_finite() {
        return Ok(Value::Null);
    }
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole) {
        return Err(Error::invalid_data(format!(
            "toInteger(): {value} is out of range"
        )));
    }
    Ok(Value::Int64(whole as i64))
}

/// A scalar as Cypher writes it, texts without quotes.
pub(super) fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float64(float) if float.is_nan() => "NaN".to_owned(),
        Value::Float64(float) if float.is_infinite() => if *float > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned(),
        other => other.to_string(),
    }
}
