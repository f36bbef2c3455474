//! Definitions and kernels that functions of real numbers share.

use std::sync::Arc;

use arrow::array::Float64Array;
use arrow::compute::kernels::arity;
use arrow::datatypes::{DataType, Float64Type};
use grism_core::Result;

use crate::{Accepts, Call, Category, Failure, Function, Operand, Parameter, Returns, aligned};

/// A function from one number to a float, which has a value for every number.
pub(super) const OF_ONE: Function = Function {
    category: Category::Numbers,
    parameters: &[Parameter::new("number", Accepts::NUMBER)],
    returns: Returns::FLOAT,
    failure: Failure::UnlessTyped,
    ..Function::BASE
};

/// `compute` of the only argument, as a float.
pub(super) fn one(call: &Call<'_>, compute: impl Fn(f64) -> f64) -> Result<Operand> {
    let floats = call.argument(0)?.cast(&DataType::Float64)?;
    let computed: Float64Array =
        arity::unary::<Float64Type, _, Float64Type>(floats.as_array()?, compute);
    Ok(Operand::over(&call.inputs(), Arc::new(computed)))
}

/// `compute` of both arguments, as floats.
pub(super) fn two(call: &Call<'_>, compute: fn(f64, f64) -> f64) -> Result<Operand> {
    let (a, b) = (
        call.argument(0)?.cast(&DataType::Float64)?,
        call.argument(1)?.cast(&DataType::Float64)?,
    );
    let (a, b) = aligned(&a, &b, call.rows)?;
    let (a, b) = (Operand::column(a), Operand::column(b));
    let computed = arity::binary::<_, _, _, Float64Type>(
        a.as_array::<Float64Array>()?,
        b.as_array::<Float64Array>()?,
        compute,
    )?;
    Ok(Operand::over(&call.inputs(), Arc::new(computed)))
}
