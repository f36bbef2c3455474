//! STARTS WITH, ENDS WITH and CONTAINS.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::kernels::comparison::{contains, ends_with, starts_with};
use arrow::datatypes::DataType;
use grism_core::Result;
use grism_functions::{Operand, computed_rows};
use grism_logical::BinaryOperator;

/// The predicate; null where either side is no text.
pub(super) fn text_predicate(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let inputs = [left, right];
    if left.data_type() != &DataType::Utf8 || right.data_type() != &DataType::Utf8 {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(computed_rows(&inputs, rows))),
        ));
    }
    let flags = match operator {
        BinaryOperator::StartsWith => starts_with(left, right)?,
        BinaryOperator::EndsWith => ends_with(left, right)?,
        _ => contains(left, right)?,
    };
    Ok(Operand::over(&inputs, Arc::new(flags)))
}
