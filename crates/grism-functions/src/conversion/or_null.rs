//! Conversions that give null where there is no value.

use grism_core::{Result, Value};

use super::convert::{to_boolean, to_float, to_integer, to_string};
use crate::{Accepts, Category, Example, Failure, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[
    &TO_STRING_OR_NULL,
    &TO_INTEGER_OR_NULL,
    &TO_FLOAT_OR_NULL,
    &TO_BOOLEAN_OR_NULL,
];

const OR_NULL: Function = Function {
    category: Category::Conversions,
    parameters: &[Parameter::new("value", Accepts::ANYTHING)],
    failure: Failure::Never,
    ..Function::BASE
};

static TO_STRING_OR_NULL: Function = Function {
    name: "toStringOrNull",
    returns: Returns::TEXT,
    kernel: Kernel::Values(|arguments| or_null(arguments, to_string)),
    description: "As `toString`, but null for what has no text.",
    examples: &[Example::new("toStringOrNull([1])", "null")],
    ..OR_NULL
};

static TO_INTEGER_OR_NULL: Function = Function {
    name: "toIntegerOrNull",
    returns: Returns::INTEGER,
    kernel: Kernel::Values(|arguments| or_null(arguments, to_integer)),
    description: "As `toInteger`, but null for what is no number.",
    examples: &[Example::new("toIntegerOrNull('x')", "null")],
    ..OR_NULL
};

static TO_FLOAT_OR_NULL: Function = Function {
    name: "toFloatOrNull",
    returns: Returns::FLOAT,
    kernel: Kernel::Values(|arguments| or_null(arguments, to_float)),
    description: "As `toFloat`, but null for what is no number.",
    examples: &[Example::new("toFloatOrNull(true)", "null")],
    ..OR_NULL
};

static TO_BOOLEAN_OR_NULL: Function = Function {
    name: "toBooleanOrNull",
    returns: Returns::BOOLEAN,
    kernel: Kernel::Values(|arguments| or_null(arguments, to_boolean)),
    description: "As `toBoolean`, but null for what is no boolean.",
    examples: &[Example::new("toBooleanOrNull('maybe')", "null")],
    ..OR_NULL
};

fn or_null(arguments: Vec<Value>, convert: fn(Value) -> Result<Value>) -> Result<Value> {
    let value = arguments.into_iter().next().unwrap_or(Value::Null);
    Ok(convert(value).unwrap_or(Value::Null))
}
