//! `grism_custom_operator`: a Python module with Grism and operators of another crate, which stands in the place of Grism's own.
//!
//! Programs import it before `grism_ray`; workers of Ray import it because the option `worker_module` names it.

use std::sync::Arc;

use grism_custom_operator::{GroupFunction, GroupedNode, Median, ScoreNode, Spread};
use grism_engine::{ExtensionNode, extension_over};
use grism_python::{Frame, NativeFunction, install, to_python};
use pyo3::prelude::*;

#[pymodule(name = "grism_custom_operator")]
fn custom_operator(module: &Bound<'_, PyModule>) -> PyResult<()> {
    install(module)?;
    module.add_function(wrap_pyfunction!(median, module)?)?;
    module.add_function(wrap_pyfunction!(spread, module)?)?;
    module.add_function(wrap_pyfunction!(score, module)?)?;
    module.add_function(wrap_pyfunction!(functions, module)?)?;
    Ok(())
}

/// The median of `column` for each group of rows that are equal in `keys`, as `name`.
#[pyfunction]
#[pyo3(signature = (frame, keys, column, name="median"))]
fn median(frame: &Frame, keys: Vec<String>, column: String, name: &str) -> PyResult<Frame> {
    grouped(frame, keys, column, Arc::new(Median), name)
}

/// The difference of the largest and the smallest `column` of each group, as `name`.
#[pyfunction]
#[pyo3(signature = (frame, keys, column, name="spread"))]
fn spread(frame: &Frame, keys: Vec<String>, column: String, name: &str) -> PyResult<Frame> {
    grouped(frame, keys, column, Arc::new(Spread), name)
}

/// The logistic function of `column`, as `name`; it needs the resource `gpu`.
#[pyfunction]
#[pyo3(signature = (frame, column, weight=1.0, name="score"))]
fn score(frame: &Frame, column: String, weight: f64, name: &str) -> PyResult<Frame> {
    let name = name.to_owned();
    let node = ScoreNode {
        column,
        weight,
        name,
    };
    extended(frame, Arc::new(node))
}

/// The functions of the crate, for `Graph.register_functions`.
#[pyfunction]
fn functions() -> Vec<NativeFunction> {
    let functions = grism_custom_operator::functions().into_iter();
    functions.map(NativeFunction::from).collect()
}

fn grouped(
    frame: &Frame,
    keys: Vec<String>,
    column: String,
    function: Arc<dyn GroupFunction>,
    name: &str,
) -> PyResult<Frame> {
    let node = GroupedNode {
        keys,
        column,
        function,
        name: name.to_owned(),
    };
    extended(frame, Arc::new(node))
}

fn extended(frame: &Frame, node: Arc<dyn ExtensionNode>) -> PyResult<Frame> {
    let frame = frame.frame();
    let plan = extension_over(vec![frame.plan().clone()], node).map_err(to_python)?;
    Ok(Frame::new(frame.with_plan(plan)))
}
