//! A callable of Python that travels pickled.

use std::sync::OnceLock;

use grism::Error;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::to_python;

/// A callable of Python, or its pickled form.
#[derive(Debug)]
pub(super) struct Callable {
    object: OnceLock<Py<PyAny>>,
    pickled: Vec<u8>,
}

impl Callable {
    pub(super) fn of(object: Bound<'_, PyAny>) -> Self {
        Self {
            object: OnceLock::from(object.unbind()),
            pickled: Vec::new(),
        }
    }

    /// The callable, which is unpickled where it is first called.
    pub(super) fn get<'py>(&'py self, py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
        if self.object.get().is_none() {
            let object = unpickled(py, &self.pickled)?;
            // Another thread may have been quicker.
            self.object.get_or_init(|| object.unbind());
        }
        let object = self.object.get().map(|own| own.bind(py));
        object.ok_or_else(|| to_python(Error::internal("a function that is not there")))
    }

    fn pickle(&self) -> PyResult<Vec<u8>> {
        Python::attach(|py| match self.object.get() {
            Some(object) => pickled(object.bind(py)),
            None => Ok(self.pickled.clone()),
        })
    }
}

/// The pickled form of an object; functions and classes that no module has go by value where cloudpickle is there.
pub(super) fn pickled(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
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
pub(super) fn unpickled<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyBytes::new(py, bytes);
    py.import("pickle")?.call_method1("loads", (bytes,))
}

impl Serialize for Callable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pickled = self.pickle().map_err(serde::ser::Error::custom)?;
        pickled.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Callable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            object: OnceLock::new(),
            pickled: Vec::deserialize(deserializer)?,
        })
    }
}
