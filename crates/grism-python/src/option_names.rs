//! Names of options: one that there is not is refused with the one that was meant.

use grism::{Error, nearest};
use pyo3::prelude::*;

use crate::error::to_python;

/// The error for an option of no known name, which tells the nearest one; `what` says whose options they are.
pub(crate) fn unknown_option(name: &str, what: &str, known: &[&str]) -> PyErr {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; there are {}", known.join(", ")),
    };
    to_python(Error::invalid_query(format!(
        "there is no option `{name}`{what}{hint}"
    )))
}

/// Refuses names that are not among the known ones, with the nearest of these.
#[pyfunction]
pub(crate) fn check_options(given: Vec<String>, what: &str, known: Vec<String>) -> PyResult<()> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match given.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown_option(name, what, &known)),
        None => Ok(()),
    }
}
