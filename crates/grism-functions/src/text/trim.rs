//! Texts without what stands at their ends.

use arrow::datatypes::DataType;
use grism_core::{Result, Value};

use super::{OF_TEXT, each_text};
use crate::{Accepts, Call, Example, Function, Kernel, Operand, Parameter, map_rows};

pub(super) const FUNCTIONS: &[&Function] = &[&TRIM, &L_TRIM, &R_TRIM, &B_TRIM];

static TRIM: Function = Function {
    name: "trim",
    kernel: Kernel::Columns(|call| each_text(call, |text| text.trim().to_owned())),
    description: "The text without white space at either end.",
    examples: &[Example::new("trim('  a ')", "a")],
    ..OF_TEXT
};

static L_TRIM: Function = Function {
    name: "lTrim",
    kernel: Kernel::Columns(|call| each_text(call, |text| text.trim_start().to_owned())),
    description: "The text without white space at its start.",
    examples: &[Example::new("lTrim('  a')", "a")],
    ..OF_TEXT
};

static R_TRIM: Function = Function {
    name: "rTrim",
    kernel: Kernel::Columns(|call| each_text(call, |text| text.trim_end().to_owned())),
    description: "The text without white space at its end.",
    examples: &[Example::new("rTrim('a  ')", "a")],
    ..OF_TEXT
};

static B_TRIM: Function = Function {
    name: "btrim",
    parameters: &[
        Parameter::new("text", Accepts::TEXT),
        Parameter::optional("characters", Accepts::TEXT),
    ],
    kernel: Kernel::Columns(trim_characters),
    description: "The text without white space, or without the given characters, at either end.",
    examples: &[Example::new("btrim('xxaxx', 'x')", "a")],
    ..OF_TEXT
};

fn trim_characters(call: &Call<'_>) -> Result<Operand> {
    if call.arguments.len() == 1 {
        return each_text(call, |text| text.trim().to_owned());
    }
    map_rows(&call.inputs(), call.rows, &DataType::Utf8, |values| {
        Ok(match &values[..] {
            [Value::String(text), Value::String(cut)] => {
                Value::String(text.trim_matches(|own: char| cut.contains(own)).to_owned())
            }
            _ => Value::Null,
        })
    })
}
