//! The refusal of objects that are no values.

use grism::Error;
use pyo3::prelude::*;

use crate::error::to_python;

/// The error for a type that is no value; the hint says what to pass in its place.
pub(super) fn unsupported(name: &str, hint: &str) -> PyErr {
    let separator = if hint.is_empty() { "" } else { ": " };
    to_python(Error::unsupported(format!(
        "a value of the Python type {name}{separator}{hint}"
    )))
}
