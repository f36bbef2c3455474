//! What Python raised, as the cause of an error.

use std::fmt;

use grism::{Error, ErrorKind, ForeignCause};
use pyo3::prelude::*;

use crate::pickle::{pickled, unpickled};

/// An exception that a function raised.
#[derive(Debug)]
struct PythonFailure(PyErr);

impl fmt::Display for PythonFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for PythonFailure {}

/// The error for what the function `name` raised; `place` says for which arguments.
pub(crate) fn failed(py: Python<'_>, name: &str, place: &str, raised: &PyErr) -> Error {
    Error::invalid_data(format!("`{name}()` failed{place}: {raised}"))
        .with_source(PythonFailure(raised.clone_ref(py)))
}

/// The error for what was raised while functions were looked for.
pub(crate) fn failed_to_find(py: Python<'_>, kind: ErrorKind, raised: &PyErr) -> Error {
    Error::new(kind, format!("the functions in Python: {raised}"))
        .with_source(PythonFailure(raised.clone_ref(py)))
}

/// The exception that caused an error: the one that was raised in this process, or the copy of one that was raised in another,
/// which has the traceback as a note.
pub(crate) fn cause_of(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let source = std::error::Error::source(error);
    if let Some(PythonFailure(raised)) = source.and_then(|own| own.downcast_ref()) {
        return Some(raised.clone_ref(py));
    }
    let cause = error.foreign_cause()?;
    let copy = unpickled(py, &cause.object).ok()?;
    // Without the note it is still the exception.
    let _ = copy.call_method1("add_note", (&cause.text,));
    Some(PyErr::from_value(copy))
}

/// What another process is told of an exception that a function raised.
pub(crate) fn foreign_cause(raised: &Bound<'_, PyAny>) -> ForeignCause {
    let shown = || -> PyResult<String> {
        let lines = raised.py().import("traceback")?;
        let lines = lines.call_method1("format_exception", (raised,))?;
        let lines: Vec<String> = lines.extract()?;
        Ok(lines.concat())
    };
    ForeignCause {
        text: shown().unwrap_or_else(|_| raised.to_string()),
        object: pickled(raised).unwrap_or_default(),
    }
}
