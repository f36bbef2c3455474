//! Conversions of lists, item by item.

use grism_core::{Result, Type, Value};

use super::convert::{to_boolean, to_float, to_integer, to_string};
use crate::{Accepts, Category, Example, Failure, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[
    &TO_STRING_LIST,
    &TO_INTEGER_LIST,
    &TO_FLOAT_LIST,
    &TO_BOOLEAN_LIST,
];

const EACH: Function = Function {
    category: Category::Conversions,
    parameters: &[Parameter::new("list", Accepts::LIST)],
    failure: Failure::UnlessTyped,
    description: "The list converted item by item; what does not convert is null.",
    ..Function::BASE
};

static TO_STRING_LIST: Function = Function {
    name: "toStringList",
    returns: Returns::Fixed(|| Type::String.list()),
    kernel: Kernel::Values(|arguments| each(arguments, &TO_STRING_LIST, to_string)),
    examples: &[Example::new("toStringList([1, true])", "['1', 'true']")],
    ..EACH
};

static TO_INTEGER_LIST: Function = Function {
    name: "toIntegerList",
    returns: Returns::Fixed(|| Type::Int64.list()),
    kernel: Kernel::Values(|arguments| each(arguments, &TO_INTEGER_LIST, to_integer)),
    examples: &[Example::new("toIntegerList(['1', 'x'])", "[1, null]")],
    ..EACH
};

static TO_FLOAT_LIST: Function = Function {
    name: "toFloatList",
    returns: Returns::Fixed(|| Type::Float64.list()),
    kernel: Kernel::Values(|arguments| each(arguments, &TO_FLOAT_LIST, to_float)),
    examples: &[Example::new("toFloatList(['1', '2.5'])", "[1.0, 2.5]")],
    ..EACH
};

static TO_BOOLEAN_LIST: Function = Function {
    name: "toBooleanList",
    returns: Returns::Fixed(|| Type::Bool.list()),
    kernel: Kernel::Values(|arguments| each(arguments, &TO_BOOLEAN_LIST, to_boolean)),
    examples: &[Example::new("toBooleanList(['true', 'x'])", "[true, null]")],
    ..EACH
};

fn each(
    arguments: Vec<Value>,
    function: &Function,
    convert: fn(Value) -> Result<Value>,
) -> Result<Value> {
    match arguments.into_iter().next().unwrap_or(Value::Null) {
        Value::Null => Ok(Value::Null),
        Value::List(items) => {
            let converted = items.into_iter();
            let converted = converted.map(|item| convert(item).unwrap_or(Value::Null));
            Ok(Value::List(converted.collect()))
        }
        other => Err(function.mismatch(&other)),
    }
}
