//! Grism's errors as Python exceptions, one class a kind.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use grism::{ErrorKind, FailedOperator};

use crate::failure::{cause_of, foreign_cause};

create_exception!(
    grism_ray,
    GrismError,
    PyException,
    "The base of every error of Grism."
);
create_exception!(
    grism_ray,
    InvalidQueryError,
    GrismError,
    "The query is wrong: mend the query."
);
create_exception!(
    grism_ray,
    InvalidDataError,
    GrismError,
    "The data do not fit: mend the data."
);
create_exception!(
    grism_ray,
    NotFoundError,
    GrismError,
    "A named thing does not exist."
);
create_exception!(
    grism_ray,
    ConflictError,
    GrismError,
    "Another writer was first: commit again."
);
create_exception!(
    grism_ray,
    ResourceExhaustedError,
    GrismError,
    "A limit was reached: raise it, or ask for less."
);
create_exception!(
    grism_ray,
    UnavailableError,
    GrismError,
    "Something outside does not answer: try again later."
);
create_exception!(
    grism_ray,
    CancelledError,
    GrismError,
    "The work was cancelled, or its time ran out."
);
create_exception!(
    grism_ray,
    UnsupportedError,
    GrismError,
    "Grism does not do this."
);
create_exception!(
    grism_ray,
    InternalError,
    GrismError,
    "Grism is wrong: report it."
);

const KINDS: [ErrorKind; 9] = [
    ErrorKind::InvalidQuery,
    ErrorKind::InvalidData,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::ResourceExhausted,
    ErrorKind::Unavailable,
    ErrorKind::Cancelled,
    ErrorKind::Unsupported,
    ErrorKind::Internal,
];

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let base = py.get_type::<GrismError>();
    base.setattr("operator", py.None())?;
    module.add("GrismError", base)?;
    module.add("InvalidQueryError", py.get_type::<InvalidQueryError>())?;
    module.add("InvalidDataError", py.get_type::<InvalidDataError>())?;
    module.add("NotFoundError", py.get_type::<NotFoundError>())?;
    module.add("ConflictError", py.get_type::<ConflictError>())?;
    module.add(
        "ResourceExhaustedError",
        py.get_type::<ResourceExhaustedError>(),
    )?;
    module.add("UnavailableError", py.get_type::<UnavailableError>())?;
    module.add("CancelledError", py.get_type::<CancelledError>())?;
    module.add("UnsupportedError", py.get_type::<UnsupportedError>())?;
    module.add("InternalError", py.get_type::<InternalError>())
}

/// The exception for an error.
#[must_use]
pub fn to_python(error: grism::Error) -> PyErr {
    let text = error.to_string();
    let message = text
        .split_once(": ")
        .map_or(text.clone(), |(_, message)| message.to_owned());
    let raised = match error.kind() {
        ErrorKind::InvalidQuery => InvalidQueryError::new_err(message),
        ErrorKind::InvalidData => InvalidDataError::new_err(message),
        ErrorKind::NotFound => NotFoundError::new_err(message),
        ErrorKind::Conflict => ConflictError::new_err(message),
        ErrorKind::ResourceExhausted => ResourceExhaustedError::new_err(message),
        ErrorKind::Unavailable => UnavailableError::new_err(message),
        ErrorKind::Cancelled => CancelledError::new_err(message),
        ErrorKind::Unsupported => UnsupportedError::new_err(message),
        ErrorKind::Internal => InternalError::new_err(message),
    };
    if let Some(operator) = error.operator() {
        // Without it the error is the same.
        let _ = Python::attach(|py| with_operator(py, &raised, operator));
    }
    if std::error::Error::source(&error).is_some() || error.foreign_cause().is_some() {
        Python::attach(|py| {
            if let Some(cause) = cause_of(py, &error) {
                raised.set_cause(py, Some(cause));
            }
        });
    }
    raised
}

/// Gives the exception the attribute `operator`.
fn with_operator(py: Python<'_>, raised: &PyErr, operator: &FailedOperator) -> PyResult<()> {
    let shown = PyDict::new(py);
    shown.set_item("id", operator.id)?;
    shown.set_item("name", &operator.name)?;
    shown.set_item("detail", &operator.detail)?;
    raised.value(py).setattr("operator", shown)
}

/// The error for an exception: of its kind where it is one of Grism's, else of the kind `otherwise`.
pub(crate) fn from_python(py: Python<'_>, error: &PyErr, otherwise: ErrorKind) -> grism::Error {
    let name = error.get_type(py).name();
    let kind = name.ok().and_then(|name| kind_named(&name.to_string()));
    grism::Error::new(kind.unwrap_or(otherwise), error.value(py).to_string())
}

/// The kind that an exception is called after.
fn kind_named(exception: &str) -> Option<ErrorKind> {
    let name = exception.strip_suffix("Error").unwrap_or(exception);
    KINDS.into_iter().find(|kind| kind.as_str() == name)
}

/// The exception for an error that came over as JSON.
#[pyfunction]
pub(crate) fn error_from_json(text: &str) -> PyErr {
    match serde_json::from_str::<grism::Error>(text) {
        Ok(error) => to_python(error),
        Err(error) => InternalError::new_err(format!("an error of no known form: {error}")),
    }
}

/// A text without the credentials of the URIs in it.
#[pyfunction]
pub(crate) fn without_secrets(text: &str) -> String {
    grism::without_secrets(text).into_owned()
}

/// An error of a kind, as JSON. An unknown kind is `Internal`.
#[pyfunction]
pub(crate) fn error_to_json(kind: &str, message: &str) -> PyResult<String> {
    let kind = kind_named(kind).unwrap_or(ErrorKind::Internal);
    as_json(&grism::Error::new(kind, message))
}

/// An exception as the JSON of an error: of its kind, with what caused it and the operator in which it arose.
#[pyfunction]
pub(crate) fn exception_to_json(py: Python<'_>, raised: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut error = from_python(py, &PyErr::from_value(raised.clone()), ErrorKind::Internal);
    let cause = raised.getattr("__cause__")?;
    if !cause.is_none() {
        error = error.with_foreign_cause(foreign_cause(&cause));
    }
    if let Some(operator) = operator_of(raised) {
        error = error.in_operator(|| operator);
    }
    as_json(&error)
}

/// The operator that an exception names.
fn operator_of(raised: &Bound<'_, PyAny>) -> Option<FailedOperator> {
    let shown = raised.getattr("operator").ok()?;
    let shown = shown.cast::<PyDict>().ok()?;
    let part = |name: &str| shown.get_item(name).ok().flatten();
    Some(FailedOperator {
        id: part("id")?.extract().ok()?,
        name: part("name")?.extract().ok()?,
        detail: part("detail")?.extract().ok()?,
    })
}

fn as_json(error: &grism::Error) -> PyResult<String> {
    serde_json::to_string(error).map_err(|error| InternalError::new_err(error.to_string()))
}
