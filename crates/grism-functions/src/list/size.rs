//! `size`, `char_length` and `isEmpty`.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, StringArray};
use arrow::datatypes::DataType;
use grism_core::{Result, Value};

use crate::{
    Accepts, Call, Category, Example, Failure, Function, Kernel, Operand, Parameter, Returns,
};

pub(super) const FUNCTIONS: &[&Function] = &[&SIZE, &CHAR_LENGTH, &IS_EMPTY];

/// Number of characters or of elements.
pub static SIZE: Function = Function {
    name: "size",
    category: Category::Lists,
    parameters: &[Parameter::new("value", Accepts::TEXT_OR_LIST)],
    returns: Returns::INTEGER,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Columns(size),
    description: "The number of characters of a text, or of elements of a list.",
    examples: &[
        Example::new("size('héllo')", "5"),
        Example::new("size([1, 2])", "2"),
    ],
    ..Function::BASE
};

static CHAR_LENGTH: Function = Function {
    name: "char_length",
    synonyms: &["character_length"],
    category: Category::Text,
    parameters: &[Parameter::new("text", Accepts::TEXT)],
    description: "The number of characters of a text.",
    examples: &[Example::new("char_length('héllo')", "5")],
    returns: Returns::INTEGER,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Columns(size),
    ..Function::BASE
};

static IS_EMPTY: Function = Function {
    name: "isEmpty",
    category: Category::Lists,
    parameters: &[Parameter::new("value", Accepts::TEXT_LIST_OR_MAP)],
    returns: Returns::BOOLEAN,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(is_empty),
    description: "Whether a text, a list or a map is empty.",
    examples: &[
        Example::new("isEmpty('')", "true"),
        Example::new("isEmpty([])", "true"),
    ],
    ..Function::BASE
};

fn size(call: &Call<'_>) -> Result<Operand> {
    let operand = call.argument(0)?;
    let sizes: Int64Array = match operand.data_type() {
        DataType::Utf8 => operand
            .as_array::<StringArray>()?
            .iter()
            .map(|text| text.map(|text| text.chars().count() as i64))
            .collect(),
        DataType::List(_) => {
            let lists = operand.array().as_list::<i32>();
            (0..lists.len())
                .map(|row| {
                    let length = i64::from(lists.value_length(row));
                    lists.is_valid(row).then_some(length)
                })
                .collect()
        }
        _ => return operand.cast(&DataType::Int64),
    };
    Ok(Operand::over(&call.inputs(), Arc::new(sizes)))
}

fn is_empty(mut arguments: Vec<Value>) -> Result<Value> {
    Ok(match arguments.pop().unwrap_or(Value::Null) {
        Value::Null => Value::Null,
        Value::String(text) => Value::Bool(text.is_empty()),
        Value::List(items) => Value::Bool(items.is_empty()),
        Value::Map(entries) => Value::Bool(entries.is_empty()),
        other => return Err(IS_EMPTY.mismatch(&other)),
    })
}
