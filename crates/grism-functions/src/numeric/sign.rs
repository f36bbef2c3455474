//! `abs`, `sign` and `isNaN`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array};
use arrow::compute::kernels::arity;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use grism_core::{Error, Result};

use super::real::OF_ONE;
use crate::{Call, Example, Failure, Function, Kernel, Operand, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&ABS, &SIGN, &IS_NAN];

/// Absolute value.
pub static ABS: Function = Function {
    name: "abs",
    returns: Returns::First,
    failure: Failure::Possible,
    kernel: Kernel::Columns(absolute),
    description: "The absolute value, an integer of an integer.",
    examples: &[Example::new("abs(-3)", "3")],
    ..OF_ONE
};

static SIGN: Function = Function {
    name: "sign",
    returns: Returns::INTEGER,
    kernel: Kernel::Columns(sign),
    description: "-1, 0 or 1.",
    examples: &[Example::new("sign(-0.5)", "-1")],
    ..OF_ONE
};

static IS_NAN: Function = Function {
    name: "isNaN",
    returns: Returns::BOOLEAN,
    kernel: Kernel::Columns(is_nan),
    description: "Whether a number is NaN.",
    examples: &[Example::new("isNaN(0.0 / 0.0)", "true")],
    ..OF_ONE
};

fn absolute(call: &Call<'_>) -> Result<Operand> {
    let operand = call.argument(0)?;
    let array: ArrayRef = match operand.data_type() {
        DataType::Null => return operand.cast(call.data_type),
        DataType::Int64 => {
            let integers = operand.as_array::<Int64Array>()?;
            if integers.iter().flatten().any(|value| value == i64::MIN) {
                return Err(Error::invalid_data("integer overflow in abs()"));
            }
            Arc::new(arity::unary::<Int64Type, _, Int64Type>(
                integers,
                i64::wrapping_abs,
            ))
        }
        _ => Arc::new(arity::unary::<Float64Type, _, Float64Type>(
            operand.as_array()?,
            f64::abs,
        )),
    };
    Ok(Operand::over(&[operand], array))
}

fn sign(call: &Call<'_>) -> Result<Operand> {
    let operand = call.argument(0)?;
    let array: ArrayRef = match operand.data_type() {
        DataType::Null => return operand.cast(call.data_type),
        DataType::Int64 => Arc::new(arity::unary::<Int64Type, _, Int64Type>(
            operand.as_array()?,
            i64::signum,
        )),
        _ => Arc::new(arity::unary::<Float64Type, _, Int64Type>(
            operand.as_array()?,
            |value| i64::from(value > 0.0) - i64::from(value < 0.0),
        )),
    };
    Ok(Operand::over(&[operand], array))
}

fn is_nan(call: &Call<'_>) -> Result<Operand> {
    let floats = call.argument(0)?.cast(&DataType::Float64)?;
    let flags: BooleanArray = floats
        .as_array::<Float64Array>()?
        .iter()
        .map(|value| value.map(f64::is_nan))
        .collect();
    Ok(Operand::over(&call.inputs(), Arc::new(flags)))
}
