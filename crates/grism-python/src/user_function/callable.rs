//! A callable of Python that travels pickled.

use std::sync::OnceLock;

use grism::Error;
use pyo3::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::to_python;
use crate::pickle::{pickled, unpickled};

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
