//! `toString`, `toInteger`, `toFloat` and `toBoolean`.

use std::sync::Arc;

use arrow::array::{Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Type, Value};

use crate::{
    Accepts, Call, Category, Example, Failure, Function, Kernel, Operand, Parameter, Returns,
    map_rows,
};

pub(super) const FUNCTIONS: &[&Function] = &[&TO_STRING, &TO_INTEGER, &TO_FLOAT, &TO_BOOLEAN];

/// Value as text.
pub static TO_STRING: Function = Function {
    name: "toString",
    category: Category::Conversions,
    parameters: &[Parameter::new("value", SCALAR)],
    returns: Returns::TEXT,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Either {
        fits: |types| {
            types
                .iter()
                .all(|ty| matches!(ty, Type::Int64 | Type::String))
        },
        columns: |call| convert(call, &TO_STRING, to_string),
        values: |arguments| of_first(arguments, to_string),
    },
    description: "The value as text.",
    examples: &[Example::new("toString(1.5)", "1.5")],
    ..Function::BASE
};

/// Value as integer.
pub static TO_INTEGER: Function = Function {
    name: "toInteger",
    category: Category::Conversions,
    parameters: &[Parameter::new(
        "value",
        Accepts::new(
            "a number, a boolean or text",
            "Number | Bool | String",
            |ty| matches!(ty, Type::Int64 | Type::Float64 | Type::String | Type::Bool),
        ),
    )],
    returns: Returns::INTEGER,
    kernel: Kernel::Either {
        fits: is_typed,
        columns: |call| convert(call, &TO_INTEGER, to_integer),
        values: |arguments| of_first(arguments, to_integer),
    },
    description: "The value as integer, without decimal places; null where the text is no number.",
    examples: &[
        Example::new("toInteger('42')", "42"),
        Example::new("toInteger(3.9)", "3"),
    ],
    ..Function::BASE
};

/// Value as float.
pub static TO_FLOAT: Function = Function {
    name: "toFloat",
    category: Category::Conversions,
    parameters: &[Parameter::new(
        "value",
        Accepts::new("a number or text", "Number | String", |ty| {
            matches!(ty, Type::Int64 | Type::Float64 | Type::String)
        }),
    )],
    returns: Returns::FLOAT,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Either {
        fits: is_typed,
        columns: |call| convert(call, &TO_FLOAT, to_float),
        values: |arguments| of_first(arguments, to_float),
    },
    description: "The value as float; null where the text is no number.",
    examples: &[Example::new("toFloat('1e3')", "1000.0")],
    ..Function::BASE
};

/// Value as boolean.
pub static TO_BOOLEAN: Function = Function {
    name: "toBoolean",
    category: Category::Conversions,
    parameters: &[Parameter::new(
        "value",
        Accepts::new(
            "a boolean, an integer or text",
            "Bool | Int64 | String",
            |ty| matches!(ty, Type::Bool | Type::String | Type::Int64),
        ),
    )],
    returns: Returns::BOOLEAN,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Either {
        fits: is_typed,
        columns: |call| convert(call, &TO_BOOLEAN, to_boolean),
        values: |arguments| of_first(arguments, to_boolean),
    },
    description: "The value as boolean; null where the text is neither `true` nor `false`.",
    examples: &[Example::new("toBoolean('TRUE')", "true")],
    ..Function::BASE
};

const SCALAR: Accepts = Accepts::new(
    "a boolean, a number, text or a temporal value",
    "Bool | Number | String | temporal",
    |ty| {
        matches!(
            ty,
            Type::Bool
                | Type::Int64
                | Type::Float64
                | Type::String
                | Type::Date
                | Type::LocalTime
                | Type::LocalDateTime
                | Type::DateTime
        )
    },
);

fn is_typed(types: &[Type]) -> bool {
    !types.contains(&Type::Any)
}

fn of_first(arguments: Vec<Value>, convert: fn(Value) -> Result<Value>) -> Result<Value> {
    convert(arguments.into_iter().next().unwrap_or(Value::Null))
}

/// The argument converted by `function`: by a kernel where there is one, else by `value` one by one.
fn convert(
    call: &Call<'_>,
    function: &Function,
    value: fn(Value) -> Result<Value>,
) -> Result<Operand> {
    let operand = call.argument(0)?;
    if operand.data_type() == call.data_type {
        return Ok(operand.clone());
    }
    if function == &TO_FLOAT && operand.data_type() == &DataType::Int64 {
        return operand.cast(&DataType::Float64);
    }
    if function == &TO_STRING && operand.data_type() == &DataType::Int64 {
        let numbers = operand.as_array::<Int64Array>()?;
        let texts: StringArray = (0..numbers.len())
            .map(|row| {
                numbers
                    .is_valid(row)
                    .then(|| numbers.value(row).to_string())
            })
            .collect();
        return Ok(Operand::over(&[operand], Arc::new(texts)));
    }
    map_rows(&[operand], call.rows, call.data_type, |values| {
        of_first(values, value)
    })
}

/// A value as text.
pub(super) fn to_string(value: Value) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(_)
        | Value::Map(_)
        | Value::Node(_)
        | Value::Hyperedge(_)
        | Value::Incidence(_)
        | Value::Path(_)
        | Value::Bytes(_) => Err(TO_STRING.mismatch(&value)),
        value => Ok(Value::String(format_value(&value))),
    }
}

/// A value as integer.
pub(super) fn to_integer(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Null | Value::Int64(_) => value,
        Value::Bool(value) => Value::Int64(i64::from(value)),
        Value::Float64(value) => float_to_integer(value)?,
        Value::String(text) => {
            let text = text.trim();
            match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(integer), _) => Value::Int64(integer),
                (_, Ok(float)) if float.is_finite() => float_to_integer(float)?,
                _ => Value::Null,
            }
        }
        other => return Err(TO_INTEGER.mismatch(&other)),
    })
}

/// A value as float.
pub(super) fn to_float(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Null | Value::Float64(_) => value,
        Value::Int64(value) => Value::Float64(value as f64),
        Value::String(text) => text.trim().parse().map_or(Value::Null, Value::Float64),
        other => return Err(TO_FLOAT.mismatch(&other)),
    })
}

/// A value as boolean.
pub(super) fn to_boolean(value: Value) -> Result<Value> {
    Ok(match value {
        Value::Null | Value::Bool(_) => value,
        Value::Int64(value) => Value::Bool(value != 0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        },
        other => return Err(TO_BOOLEAN.mismatch(&other)),
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
#[must_use]
pub fn format_value(value: &Value) -> String {
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
