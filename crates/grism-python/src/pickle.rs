//! Objects of Python as bytes.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The pickled form of an object; functions and classes that no module has go by value where cloudpickle is there.
pub(crate) fn pickled(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let py = object.py();
    let by_value = ["cloudpickle", "ray.cloudpickle"];
    let module = by_value.iter().find_map(|name| py.import(*name).ok());
    let module = match module {
        Some(module) => module,
        None => py.import("pickle")?,
    };
    module.call_method1("dumps", (object,))?.extract()
}

/// The object of a pickled form.
pub(crate) fn unpickled<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyBytes::new(py, bytes);
    py.import("pickle")?.call_method1("loads", (bytes,))
}
