//! `head`, `last` and `tail`.

use arrow::array::{Array, AsArray, ListArray, UInt32Array, new_null_array};
use grism_core::Result;

use super::parts::{element, parts_of};
use crate::{
    Accepts, Call, Category, Example, Failure, Function, Kernel, Operand, Parameter, Passes,
    Returns, computed_rows, take_rows,
};

pub(super) const FUNCTIONS: &[&Function] = &[&HEAD, &LAST, &TAIL];

const OF_LIST: Function = Function {
    category: Category::Lists,
    parameters: &[Parameter::new("list", Accepts::LIST)],
    returns: Returns::Element,
    failure: Failure::UnlessTyped,
    passes: Passes::First,
    ..Function::BASE
};

/// First element of a list.
pub static HEAD: Function = Function {
    name: "head",
    kernel: Kernel::Columns(|call| of_lists(call, |call, lists| end(call, lists, 0))),
    description: "The first element of a list; null of an empty one.",
    examples: &[Example::new("head([1, 2, 3])", "1")],
    ..OF_LIST
};

/// Last element of a list.
pub static LAST: Function = Function {
    name: "last",
    kernel: Kernel::Columns(|call| of_lists(call, |call, lists| end(call, lists, -1))),
    description: "The last element of a list; null of an empty one.",
    examples: &[Example::new("last([1, 2, 3])", "3")],
    ..OF_LIST
};

/// A list without its first element.
pub static TAIL: Function = Function {
    name: "tail",
    returns: Returns::First,
    kernel: Kernel::Columns(|call| of_lists(call, tail)),
    description: "The list without its first element.",
    examples: &[Example::new("tail([1, 2, 3])", "[2, 3]")],
    ..OF_LIST
};

/// What `compute` makes of a column of lists; null of a column of nulls.
fn of_lists(
    call: &Call<'_>,
    compute: fn(&Call<'_>, &ListArray) -> Result<Operand>,
) -> Result<Operand> {
    match call.argument(0)?.array().as_list_opt::<i32>() {
        Some(lists) => compute(call, lists)?.cast(call.data_type),
        None => {
            let inputs = call.inputs();
            let count = computed_rows(&inputs, call.rows);
            Ok(Operand::over(
                &inputs,
                new_null_array(call.data_type, count),
            ))
        }
    }
}

fn end(call: &Call<'_>, lists: &ListArray, position: i64) -> Result<Operand> {
    let places: UInt32Array = (0..lists.len())
        .map(|row| element(lists, row, position))
        .collect();
    let found = take_rows(lists.values(), &places)?;
    Ok(Operand::over(&call.inputs(), found))
}

fn tail(call: &Call<'_>, lists: &ListArray) -> Result<Operand> {
    let parts: Vec<_> = (0..lists.len())
        .map(|row| {
            let (start, end) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
            let rest = (start + 1).min(end) as u32..end as u32;
            lists.is_valid(row).then_some(rest)
        })
        .collect();
    let found = parts_of(lists, &parts, call.budget)?;
    Ok(Operand::over(&call.inputs(), found))
}
