//! Values as JSON.

use arrow::array::Array;
use arrow::datatypes::{DataType, Field};
use grism::{Result, Value, plain};
use serde_json::Value as Json;

use super::cell::value_of;

/// A cell as JSON: dates and times are written as ISO 8601 has them.
pub(super) fn json_cell(field: &Field, column: &dyn Array, row: usize) -> Result<Json> {
    if matches!(
        column.data_type(),
        DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_)
    ) && column.is_valid(row)
    {
        let text = arrow::util::display::array_value_to_string(column, row)?;
        return Ok(Json::String(text));
    }
    Ok(json_value(value_of(field, column, row)?))
}

/// A value as JSON: entities and paths as objects, what JSON has no type for as text.
pub(super) fn json_value(value: Value) -> Json {
    match plain(value) {
        Value::Null => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int64(value) => value.into(),
        Value::Float64(value) => match serde_json::Number::from_f64(value) {
            Some(number) => Json::Number(number),
            None if value.is_nan() => "NaN".into(),
            None if value > 0.0 => "Infinity".into(),
            None => "-Infinity".into(),
        },
        Value::String(value) => value.into(),
        Value::List(items) => items.into_iter().map(json_value).collect(),
        Value::Map(entries) => Json::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, json_value(value)))
                .collect(),
        ),
        other => other.to_string().into(),
    }
}
