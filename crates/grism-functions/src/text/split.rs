//! `split`.

use grism_core::{Result, Type, Value};

use super::OF_TEXT;
use crate::{
    Accepts, Budget, Call, Example, Function, Kernel, Operand, Parameter, Returns, map_rows,
};

pub(super) const FUNCTIONS: &[&Function] = &[&SPLIT];

static SPLIT: Function = Function {
    name: "split",
    parameters: &[
        Parameter::new("text", Accepts::TEXT),
        Parameter::new("separator", Accepts::TEXT),
    ],
    returns: Returns::TEXTS,
    kernel: Kernel::Columns(split_all),
    description: "The pieces of a text between separators; its characters where the separator is empty.",
    examples: &[Example::new("split('a,b,c', ',')", "['a', 'b', 'c']")],
    ..OF_TEXT
};

/// What a piece of a text costs beside its bytes.
const PIECE_BYTES: usize = 64;

fn split_all(call: &Call<'_>) -> Result<Operand> {
    let list = Type::String.list().to_arrow();
    map_rows(&call.inputs(), call.rows, &list, |values| {
        split(&values, call.budget)
    })
}

fn split(values: &[Value], budget: &Budget) -> Result<Value> {
    let [Value::String(text), Value::String(separator)] = values else {
        return Ok(Value::Null);
    };
    let count = match separator.is_empty() {
        true => text.len(),
        false => text.matches(separator.as_str()).count() + 1,
    };
    budget.reserve(text.len().saturating_add(count.saturating_mul(PIECE_BYTES)))?;
    let pieces = if separator.is_empty() {
        let characters = text.chars();
        characters
            .map(|character| Value::String(character.to_string()))
            .collect()
    } else {
        let pieces = text.split(separator.as_str());
        pieces
            .map(|piece| Value::String(piece.to_owned()))
            .collect()
    };
    Ok(Value::List(pieces))
}
