//! Scalar functions in Python.

use arrow::array::ArrayRef;
use grism::{Budget, Error, Result, UserFunction, UserSignature, Value, fitting};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use super::callable::Callable;
use super::signature::{Over, check_arrays, signature_of};
use super::values::{arrays_of, as_type, row_of, shown};
use crate::convert::{column_of, entity_value_of};
use crate::failure::failed;

/// A function in Python, which travels pickled.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PythonFunction {
    signature: UserSignature,
    over: Over,
    callable: Callable,
}

impl PythonFunction {
    /// The function of a `grism_ray.UserFunction`.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (signature, over) = (signature_of(object)?, Over::of(object)?);
        check_arrays(&signature, over)?;
        Ok(Self {
            signature,
            over,
            callable: Callable::of(object.getattr("function")?),
        })
    }

    fn over_values(
        &self,
        function: &Bound<'_, PyAny>,
        arguments: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let py = function.py();
        let mut values = Vec::with_capacity(rows);
        for row in 0..rows {
            // A call may take any time, and a batch has thousands.
            Budget::check_current()?;
            let given = row_of(py, arguments, row);
            let given = given.map_err(|error| self.failed(py, "", &error))?;
            let found = function
                .call1(&given)
                .and_then(|found| entity_value_of(&found));
            let found = found.map_err(|error| self.failed(py, &shown(&given), &error))?;
            let name = found.type_name();
            let fitted = fitting(found, &self.signature.returns);
            values.push(fitted.ok_or_else(|| self.misfit(&name, &shown(&given)))?);
        }
        Value::column(&values, &self.signature.column_type().to_arrow())
    }

    fn over_arrow(
        &self,
        function: &Bound<'_, PyAny>,
        arguments: &[ArrayRef],
        rows: usize,
    ) -> Result<ArrayRef> {
        let py = function.py();
        let called = || {
            let found = function.call1(arrays_of(py, arguments, rows)?)?;
            column_of(&found)
        };
        let place = format!(" for {rows} rows");
        let found = called().map_err(|error| self.failed(py, &place, &error))?;
        if found.len() != rows {
            // The engine says how many values it was given.
            return Ok(found);
        }
        let of_row = |row: usize| match row_of(py, arguments, row) {
            Ok(given) => shown(&given),
            Err(_) => String::new(),
        };
        let misfit = |value: &Value, row: usize| self.misfit(&value.type_name(), &of_row(row));
        let typed = as_type(py, found, &self.signature.returns, &misfit);
        typed.map_err(|error| self.failed(py, "", &error))
    }

    /// The error for a value of another type than the function returns.
    fn misfit(&self, found: &str, place: &str) -> Error {
        let (name, returns) = (&self.signature.name, &self.signature.returns);
        Error::invalid_data(format!(
            "`{name}()` gave {found}{place} where it returns {returns}"
        ))
    }

    fn failed(&self, py: Python<'_>, place: &str, raised: &PyErr) -> Error {
        failed(py, &self.signature.name, place, raised)
    }
}

#[typetag::serde]
impl UserFunction for PythonFunction {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let found = Python::try_attach(|py| {
            let function = self.callable.get(py);
            let function = function.map_err(|error| self.failed(py, "", &error))?;
            match self.over {
                Over::Values => self.over_values(function, arguments, rows),
                Over::Arrow => self.over_arrow(function, arguments, rows),
            }
        });
        found.unwrap_or_else(|| Err(Error::unavailable("the Python interpreter has ended")))
    }
}
