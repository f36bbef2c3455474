//! `left`, `right` and `substring`.

use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};

use super::OF_TEXT;
use crate::{Accepts, Call, Example, Failure, Function, Kernel, Operand, Parameter, map_rows};

pub(super) const FUNCTIONS: &[&Function] = &[&LEFT, &RIGHT, &SUBSTRING];

const TEXT_AND_LENGTH: &[Parameter] = &[
    Parameter::new("text", Accepts::TEXT),
    Parameter::new("length", Accepts::INTEGER),
];

static LEFT: Function = Function {
    name: "left",
    parameters: TEXT_AND_LENGTH,
    failure: Failure::Possible,
    kernel: Kernel::Columns(|call| {
        parts(call, &LEFT, |text, counts| match counts {
            [length, ..] => text.chars().take(*length).collect(),
            [] => String::new(),
        })
    }),
    description: "The first characters of a text.",
    examples: &[Example::new("left('abcdef', 2)", "ab")],
    ..OF_TEXT
};

static RIGHT: Function = Function {
    name: "right",
    parameters: TEXT_AND_LENGTH,
    failure: Failure::Possible,
    kernel: Kernel::Columns(|call| {
        parts(call, &RIGHT, |text, counts| {
            let length = counts.first().copied().unwrap_or_default();
            let all = text.chars().count();
            text.chars().skip(all.saturating_sub(length)).collect()
        })
    }),
    description: "The last characters of a text.",
    examples: &[Example::new("right('abcdef', 2)", "ef")],
    ..OF_TEXT
};

static SUBSTRING: Function = Function {
    name: "substring",
    parameters: &[
        Parameter::new("text", Accepts::TEXT),
        Parameter::new("start", Accepts::INTEGER),
        Parameter::optional("length", Accepts::INTEGER),
    ],
    failure: Failure::Possible,
    kernel: Kernel::Columns(|call| {
        parts(call, &SUBSTRING, |text, counts| {
            let start = counts.first().copied().unwrap_or_default();
            let rest = text.chars().skip(start);
            rest.take(counts.get(1).copied().unwrap_or(usize::MAX))
                .collect()
        })
    }),
    description: "A part of a text: from `start`, counted from 0, to its end or for `length` characters.",
    examples: &[
        Example::new("substring('abcdef', 2, 3)", "cde"),
        Example::new("substring('abcdef', 4)", "ef"),
    ],
    ..OF_TEXT
};

/// What `cut` makes of each text and of the numbers beside it; null where any of them is.
fn parts(
    call: &Call<'_>,
    function: &Function,
    cut: fn(&str, &[usize]) -> String,
) -> Result<Operand> {
    map_rows(&call.inputs(), call.rows, &DataType::Utf8, |values| {
        let (Some(Value::String(text)), false) =
            (values.first(), values.iter().any(Value::is_null))
        else {
            return Ok(Value::Null);
        };
        let counts = values[1..]
            .iter()
            .map(|value| count(function, value))
            .collect::<Result<Vec<_>>>()?;
        Ok(Value::String(cut(text, &counts)))
    })
}

fn count(function: &Function, value: &Value) -> Result<usize> {
    match value {
        Value::Int64(value) => usize::try_from(*value).map_err(|_| {
            Error::invalid_data(format!(
                "{}() needs numbers that are not negative, not {value}",
                function.name
            ))
        }),
        other => Err(Error::internal(format!("{}() of {other}", function.name))),
    }
}
