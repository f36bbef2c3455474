//! Reports as JSON, for Python to read.

use grism::Error;
use pyo3::PyResult;

use crate::error::to_python;

pub(crate) fn json(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| to_python(Error::internal(error.to_string())))
}
