//! `reverse`, of a text and of a list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType;
use grism_core::{Error, Result};

use crate::text::each_text;
use crate::{
    Accepts, Call, Category, Example, Failure, Function, Kernel, Operand, Parameter, Passes,
    Returns, computed_rows,
};

pub(super) const FUNCTIONS: &[&Function] = &[&REVERSE];

/// A text or a list in reverse order.
pub static REVERSE: Function = Function {
    name: "reverse",
    category: Category::Lists,
    parameters: &[Parameter::new("value", Accepts::TEXT_OR_LIST)],
    returns: Returns::First,
    failure: Failure::UnlessTyped,
    passes: Passes::First,
    kernel: Kernel::Columns(reverse),
    description: "The text or the list in reverse order.",
    examples: &[
        Example::new("reverse('abc')", "cba"),
        Example::new("reverse([1, 2])", "[2, 1]"),
    ],
    ..Function::BASE
};

fn reverse(call: &Call<'_>) -> Result<Operand> {
    let operand = call.argument(0)?;
    if operand.data_type() == &DataType::Utf8 {
        return each_text(call, |text| text.chars().rev().collect());
    }
    let inputs = call.inputs();
    let Some(lists) = operand.array().as_list_opt::<i32>() else {
        let count = computed_rows(&inputs, call.rows);
        return Ok(Operand::over(
            &inputs,
            new_null_array(call.data_type, count),
        ));
    };
    Operand::over(&inputs, reversed(lists)?).cast(call.data_type)
}

/// Every list with its elements in the other order.
fn reversed(lists: &ListArray) -> Result<ArrayRef> {
    let DataType::List(field) = lists.data_type() else {
        return Err(Error::internal("a list of another type"));
    };
    let places: UInt32Array = (0..lists.len())
        .flat_map(|row| {
            (lists.value_offsets()[row] as u32..lists.value_offsets()[row + 1] as u32).rev()
        })
        .map(Some)
        .collect();
    let values = take(lists.values(), &places, None)?;
    let lengths = (0..lists.len()).map(|row| lists.value_length(row) as usize);
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(field),
        OffsetBuffer::from_lengths(lengths),
        values,
        lists.nulls().cloned(),
    )?))
}
