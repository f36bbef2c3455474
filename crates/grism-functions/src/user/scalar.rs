//! `UserFunction`: a scalar function that a user registers.

use std::fmt;

use arrow::array::ArrayRef;
use grism_core::Result;

use super::UserSignature;

/// A scalar function that a user registers.
///
/// With `#[typetag::serde]` on its implementation it travels within plans, to any process that links the implementation.
#[typetag::serde(tag = "function")]
pub trait UserFunction: fmt::Debug + Send + Sync {
    /// The name, the arguments, and the type of the value.
    fn signature(&self) -> &UserSignature;

    /// The value for each of `rows` rows, as a column of the Arrow type of the signature's type. Arguments are columns of as
    /// many rows, of the Arrow types of the parameters' types; a null among them is the function's to treat. Those of
    /// optional parameters that a call leaves out are missing at the end.
    ///
    /// # Errors
    /// What the function cannot compute; `InvalidData` where a value is to blame.
    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef>;
}
