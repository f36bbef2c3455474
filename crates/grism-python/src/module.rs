//! The contents of the extension module, in `grism_ray._native` or in a module that takes its place.

use std::ffi::CString;

use pyo3::exceptions::{PyImportError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::{
    batch_stream, batches, bundle, command, distributed, error, frame, graph, graph_loads,
    option_names, progress, runtime, transaction, user_function, worker,
};

/// The extension module of the package.
const NATIVE: &str = "grism_ray._native";

#[pymodule(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_contents(module)
}

/// Makes `module`, which links operators of its own, the extension behind the package `grism_ray` in this process: all of Grism's
/// classes and functions are added to it, and it stands in the place of `grism_ray._native`.
///
/// Call it first in the function of the module. Plans with the module's operators can then be made, run here, and sent to workers,
/// which import the same module.
///
/// # Errors
/// `ImportError` where the package is in use with another extension already.
pub fn install(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let modules = module.py().import("sys")?.getattr("modules")?;
    let modules = modules.cast::<PyDict>()?;
    if modules.contains(NATIVE)? {
        return Err(PyImportError::new_err(format!(
            "import {} before grism_ray, whose own extension it takes the place of",
            module.name()?
        )));
    }
    add_contents(module)?;
    modules.set_item(NATIVE, module)
}

fn add_contents(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("LOG_VARIABLES", grism::LOG_VARIABLES.to_vec())?;
    if let Err(error) = grism::log_to_standard_error() {
        let py = module.py();
        let message = CString::new(error.message())?;
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1)?;
    }
    error::register(module)?;
    module.add_class::<batches::Batches>()?;
    module.add_class::<batch_stream::BatchStream>()?;
    module.add_class::<bundle::Bundle>()?;
    module.add_class::<distributed::DistributedQuery>()?;
    module.add_class::<frame::Expression>()?;
    module.add_class::<frame::Frame>()?;
    module.add_class::<graph_loads::GraphLoads>()?;
    module.add_class::<graph::Graph>()?;
    module.add_class::<user_function::NativeFunction>()?;
    module.add_class::<progress::Progress>()?;
    module.add_class::<transaction::Transaction>()?;
    module.add_class::<worker::StageWorker>()?;
    module.add_function(wrap_pyfunction!(bundle::bundle_addresses, module)?)?;
    module.add_function(wrap_pyfunction!(bundle::merge_batches, module)?)?;
    module.add_function(wrap_pyfunction!(command::command, module)?)?;
    module.add_function(wrap_pyfunction!(bundle::read_bundles, module)?)?;
    module.add_function(wrap_pyfunction!(distributed::plan_from_request, module)?)?;
    module.add_function(wrap_pyfunction!(error::error_from_json, module)?)?;
    module.add_function(wrap_pyfunction!(error::error_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(error::exception_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(error::without_secrets, module)?)?;
    module.add_function(wrap_pyfunction!(option_names::check_options, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::end, module)?)?;
    Ok(())
}
