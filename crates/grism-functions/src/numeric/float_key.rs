//! The float that stands for all that are equal to it.

use super::real::{OF_ONE, one};
use crate::internal_name::internal_name;
use crate::{Category, Failure, Function, Kernel};

pub(super) const FUNCTIONS: &[&Function] = &[&FLOAT_KEY];

/// The float that stands for all that are equal to it: there is one zero and one NaN, whatever their sign.
pub static FLOAT_KEY: Function = Function {
    name: internal_name!("floatKey"),
    category: Category::Internal,
    failure: Failure::Never,
    kernel: Kernel::Columns(|call| one(call, float_key)),
    ..OF_ONE
};

/// The float that stands for all that are equal to it. Arrow hashes and orders bits: it has two zeros, and NaNs at either
/// end of its order.
#[must_use]
pub fn float_key(value: f64) -> f64 {
    if value.is_nan() {
        f64::NAN
    } else {
        value + 0.0
    }
}
