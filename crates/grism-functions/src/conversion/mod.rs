//! Conversions between types.

mod convert;
mod list;
mod or_null;

pub use convert::{TO_BOOLEAN, TO_FLOAT, TO_INTEGER, TO_STRING, format_value};

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] =
    &[convert::FUNCTIONS, or_null::FUNCTIONS, list::FUNCTIONS];
