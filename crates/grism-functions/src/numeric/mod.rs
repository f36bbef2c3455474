//! Functions of numbers.

mod constant;
mod exponential;
mod float_key;
mod random;
mod real;
mod rounding;
mod sign;
mod trigonometric;

pub use exponential::SQRT;
pub use float_key::{FLOAT_KEY, float_key};
pub use random::RAND;
pub use sign::ABS;

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    constant::FUNCTIONS,
    exponential::FUNCTIONS,
    float_key::FUNCTIONS,
    random::FUNCTIONS,
    rounding::FUNCTIONS,
    sign::FUNCTIONS,
    trigonometric::FUNCTIONS,
];
