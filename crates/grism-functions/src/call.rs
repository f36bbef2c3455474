//! What a kernel over columns sees of a call, and the error for a value that a function does not take.

use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};

use crate::{Budget, Operand};

/// A call of a function over a batch.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The values of the arguments.
    pub arguments: &'a [Operand],
    /// The rows of the batch; an argument that is one value for all of them has one row.
    pub rows: usize,
    /// The Arrow type of the value.
    pub data_type: &'a DataType,
    /// The memory that the evaluation may take.
    pub budget: &'a Budget,
}

impl Call<'_> {
    /// An argument by its place, counted from 0.
    ///
    /// # Errors
    /// `Internal` where the call has fewer.
    pub fn argument(&self, place: usize) -> Result<&Operand> {
        let missing = || Error::internal("a function was called with too few arguments");
        self.arguments.get(place).ok_or_else(missing)
    }

    /// The arguments as kernels take them.
    #[must_use]
    pub fn inputs(&self) -> Vec<&Operand> {
        self.arguments.iter().collect()
    }
}

/// The error for a value that a function does not take, which messages call `called`.
#[must_use]
pub(crate) fn mismatch(called: &str, value: &Value) -> Error {
    let found = value.type_name();
    Error::invalid_query(format!("{called} cannot be applied to {found}"))
        .with_code("TypeError:InvalidArgumentValue")
}

/// The arguments, as many as the kernel takes.
pub(crate) fn take<const N: usize>(arguments: Vec<Value>) -> Result<[Value; N]> {
    <[Value; N]>::try_from(arguments)
        .map_err(|_| Error::internal("a function was called with another number of arguments"))
}

/// The first argument and, where it is given, the second.
pub(crate) fn first_and_second(mut arguments: Vec<Value>) -> (Value, Option<Value>) {
    let second = (arguments.len() > 1).then(|| arguments.swap_remove(1));
    let first = arguments.into_iter().next().unwrap_or(Value::Null);
    (first, second)
}
