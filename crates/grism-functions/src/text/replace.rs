//! `replace`.

use arrow::datatypes::DataType;
use grism_core::{Result, Value};

use super::{OF_TEXT, check_text_length};
use crate::{Accepts, Call, Example, Function, Kernel, Operand, Parameter, map_rows};

pub(super) const FUNCTIONS: &[&Function] = &[&REPLACE];

static REPLACE: Function = Function {
    name: "replace",
    parameters: &[
        Parameter::new("text", Accepts::TEXT),
        Parameter::new("search", Accepts::TEXT),
        Parameter::new("replacement", Accepts::TEXT),
    ],
    kernel: Kernel::Columns(replace),
    description: "The text with every occurrence of `search` replaced.",
    examples: &[Example::new("replace('banana', 'an', 'o')", "booa")],
    ..OF_TEXT
};

fn replace(call: &Call<'_>) -> Result<Operand> {
    map_rows(&call.inputs(), call.rows, &DataType::Utf8, |values| {
        let [Value::String(text), Value::String(from), Value::String(to)] = &values[..] else {
            return Ok(Value::Null);
        };
        if from.is_empty() {
            return Ok(Value::String(text.clone()));
        }
        let found = text.matches(from.as_str()).count();
        let bytes = text.len() - found * from.len();
        let bytes = bytes.saturating_add(found.saturating_mul(to.len()));
        check_text_length(bytes)?;
        call.budget.reserve(bytes)?;
        Ok(Value::String(text.replace(from.as_str(), to)))
    })
}
