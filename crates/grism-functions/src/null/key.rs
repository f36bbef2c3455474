//! The key of a value.

use crate::internal_name::internal_name;
use crate::{Accepts, Failure, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&KEY];

/// Bytes that are equal for equal values and order as they do.
pub static KEY: Function = Function {
    name: internal_name!("key"),
    parameters: &[Parameter::new("value", Accepts::ANYTHING)],
    returns: Returns::ANYTHING,
    failure: Failure::Never,
    kernel: Kernel::Compiled,
    written_as: Some("`DISTINCT`"),
    ..Function::BASE
};
