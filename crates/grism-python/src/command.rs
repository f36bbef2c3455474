//! The `grism` command, as a program of the Python package runs it.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command with `arguments`, of which the first is the program's name, and returns its exit status.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| grism_cli::run(arguments))
}
