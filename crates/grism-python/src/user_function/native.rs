//! `NativeFunction`: a function in Rust, as a module built on this one hands it to Python.

use grism::UserDefined;
use pyo3::prelude::*;

/// A function in Rust that `Graph.register_functions` takes as it takes those in Python.
#[pyclass(frozen, module = "grism_ray._native")]
#[derive(Debug)]
pub struct NativeFunction(pub(super) UserDefined);

impl From<UserDefined> for NativeFunction {
    fn from(function: UserDefined) -> Self {
        Self(function)
    }
}

#[pymethods]
impl NativeFunction {
    /// The name in queries.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    fn __repr__(&self) -> String {
        format!("NativeFunction({})", self.0.signature())
    }
}
