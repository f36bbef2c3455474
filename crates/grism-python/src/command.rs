//! The `grism` command in Python, where functions in Python are at hand.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use grism::{ErrorKind, Result, UserDefined};
use grism_cli::FunctionSource;
use pyo3::exceptions::PyFileNotFoundError;
use pyo3::prelude::*;

use crate::failure::failed_to_find;
use crate::user_function::user_defined;

/// Runs the command with these words, the first of which is its name, and gives its exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, words: Vec<OsString>) -> u8 {
    py.detach(|| grism_cli::run(words, Some(Arc::new(PythonFunctions))))
}

/// Finds functions by `grism_ray.discovered`.
#[derive(Debug)]
struct PythonFunctions;

impl FunctionSource for PythonFunctions {
    fn find(&self, folder: Option<&Path>) -> Result<Vec<UserDefined>> {
        Python::attach(|py| {
            let found = || -> PyResult<Vec<UserDefined>> {
                let module = py.import("grism_ray.functions")?;
                let functions = module.call_method1("discovered", (folder,))?;
                let functions = functions.try_iter()?.map(|own| user_defined(&own?));
                functions.collect()
            };
            found().map_err(|error| {
                let kind = match error.is_instance_of::<PyFileNotFoundError>(py) {
                    true => ErrorKind::NotFound,
                    false => ErrorKind::InvalidData,
                };
                failed_to_find(py, kind, &error)
            })
        })
    }
}
