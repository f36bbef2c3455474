//! Functions of numbers, and random values.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::compute::kernels::arity;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use grism_core::{Error, Result};
use grism_logical::ScalarFunction as F;

use super::operand::{Operand, aligned};

/// The function, where it is one of numbers; its arguments are numbers or null.
pub(super) fn math(
    function: F,
    arguments: &[Operand],
    rows: usize,
    data_type: &DataType,
) -> Result<Option<Operand>> {
    let inputs: Vec<&Operand> = arguments.iter().collect();
    let plain: fn(f64) -> f64 = match function {
        F::Pi => return Ok(Some(constant(std::f64::consts::PI))),
        F::E => return Ok(Some(constant(std::f64::consts::E))),
        F::Rand => {
            let numbers: Float64Array = (0..rows).map(|_| Some(random())).collect();
            return Ok(Some(Operand::column(Arc::new(numbers))));
        }
        F::RandomUuid => {
            let texts: StringArray = (0..rows).map(|_| Some(random_uuid())).collect();
            return Ok(Some(Operand::column(Arc::new(texts))));
        }
        F::IsNan => {
            let floats = arguments[0].cast(&DataType::Float64)?;
            let flags: BooleanArray = floats
                .as_array::<Float64Array>()?
                .iter()
                .map(|value| value.map(f64::is_nan))
                .collect();
            return Ok(Some(Operand::over(&inputs, Arc::new(flags))));
        }
        F::Abs | F::Sign => return integer_or_float(function, &arguments[0], data_type).map(Some),
        F::Atan2 => return two(&inputs, rows, f64::atan2).map(Some),
        F::Round if arguments.len() == 2 => return two(&inputs, rows, round_to).map(Some),
        F::Ceil => f64::ceil,
        F::Floor => f64::floor,
        F::Round => round_half_up,
        F::Sqrt => f64::sqrt,
        F::Exp => f64::exp,
        F::Log => f64::ln,
        F::Log10 => f64::log10,
        F::Sin => f64::sin,
        F::Cos => f64::cos,
        F::Tan => f64::tan,
        F::Cot => |angle| 1.0 / angle.tan(),
        F::Haversin => |angle| (1.0 - angle.cos()) / 2.0,
        F::Acos => f64::acos,
        F::Asin => f64::asin,
        F::Atan => f64::atan,
        F::Degrees => f64::to_degrees,
        F::Radians => f64::to_radians,
        F::FloatKey => float_key,
        _ => return Ok(None),
    };
    let floats = arguments[0].cast(&DataType::Float64)?;
    let computed: Float64Array =
        arity::unary::<Float64Type, _, Float64Type>(floats.as_array()?, plain);
    Ok(Some(Operand::over(&inputs, Arc::new(computed))))
}

/// The float that stands for all that are equal to it. Arrow hashes and orders bits: it has two zeros, and NaNs at either
/// end of its order.
pub(crate) fn float_key(value: f64) -> f64 {
    if value.is_nan() {
        f64::NAN
    } else {
        value + 0.0
    }
}

/// Random bits, from the seed that the standard library gives every hasher.
fn random_bits() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// A number from 0, included, to 1.
fn random() -> f64 {
    (random_bits() >> 11) as f64 / (1u64 << 53) as f64
}

/// A universally unique identifier of version 4 (RFC 9562).
fn random_uuid() -> String {
    let bits = u128::from(random_bits()) << 64 | u128::from(random_bits());
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}

fn constant(value: f64) -> Operand {
    Operand::scalar(Arc::new(Float64Array::from(vec![value])))
}

fn round_half_up(value: f64) -> f64 {
    // openCypher: halves go up, towards positive infinity.
    let floor = value.floor();
    if value - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    }
}

fn round_to(value: f64, places: f64) -> f64 {
    let factor = 10f64.powi(places.clamp(-300.0, 300.0) as i32);
    let scaled = value * factor;
    if scaled.is_finite() {
        scaled.abs().round().copysign(scaled) / factor
    } else {
        value
    }
}

fn two(inputs: &[&Operand], rows: usize, compute: fn(f64, f64) -> f64) -> Result<Operand> {
    let (a, b) = (
        inputs[0].cast(&DataType::Float64)?,
        inputs[1].cast(&DataType::Float64)?,
    );
    let (a, b) = aligned(&a, &b, rows)?;
    let (a, b) = (Operand::column(a), Operand::column(b));
    let computed = arity::binary::<_, _, _, Float64Type>(
        a.as_array::<Float64Array>()?,
        b.as_array::<Float64Array>()?,
        compute,
    )?;
    Ok(Operand::over(inputs, Arc::new(computed)))
}

fn integer_or_float(function: F, operand: &Operand, data_type: &DataType) -> Result<Operand> {
    if operand.is_null_type() {
        return operand.cast(data_type);
    }
    let array: arrow::array::ArrayRef = match (function, operand.data_type()) {
        (F::Abs, DataType::Int64) => {
            let integers = operand.as_array::<Int64Array>()?;
            if integers.iter().flatten().any(|value| value == i64::MIN) {
                return Err(Error::invalid_data("integer overflow in abs()"));
            }
            Arc::new(arity::unary::<Int64Type, _, Int64Type>(
                integers,
                i64::wrapping_abs,
            ))
        }
        (F::Abs, _) => Arc::new(arity::unary::<Float64Type, _, Float64Type>(
            operand.as_array()?,
            f64::abs,
        )),
        (_, DataType::Int64) => Arc::new(arity::unary::<Int64Type, _, Int64Type>(
            operand.as_array()?,
            i64::signum,
        )),
        _ => Arc::new(arity::unary::<Float64Type, _, Int64Type>(
            operand.as_array()?,
            |value| i64::from(value > 0.0) - i64::from(value < 0.0),
        )),
    };
    debug_assert_eq!(array.len(), operand.array().len());
    Ok(Operand::over(&[operand], array))
}
