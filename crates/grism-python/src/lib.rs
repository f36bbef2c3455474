//! `grism_ray._native`: the extension behind the Python package. Thin wrappers, no logic.

mod batch_stream;
mod batches;
mod bundle;
mod convert;
mod distributed;
mod error;
mod frame;
mod graph;
mod json;
mod load;
mod load_many;
mod option_names;
mod python_value;
mod query_options;
mod runtime;
mod transaction;
mod worker;

use pyo3::prelude::*;

#[pymodule(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    error::register(module)?;
    module.add_class::<batches::Batches>()?;
    module.add_class::<batch_stream::BatchStream>()?;
    module.add_class::<bundle::Bundle>()?;
    module.add_class::<distributed::DistributedQuery>()?;
    module.add_class::<frame::Expression>()?;
    module.add_class::<frame::Frame>()?;
    module.add_class::<graph::Graph>()?;
    module.add_class::<transaction::Progress>()?;
    module.add_class::<transaction::Transaction>()?;
    module.add_class::<worker::StageWorker>()?;
    module.add_function(wrap_pyfunction!(bundle::bundle_addresses, module)?)?;
    module.add_function(wrap_pyfunction!(bundle::merge_batches, module)?)?;
    module.add_function(wrap_pyfunction!(bundle::read_bundles, module)?)?;
    module.add_function(wrap_pyfunction!(distributed::plan_from_request, module)?)?;
    module.add_function(wrap_pyfunction!(error::error_from_json, module)?)?;
    module.add_function(wrap_pyfunction!(error::error_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(option_names::check_options, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::end, module)?)?;
    Ok(())
}
