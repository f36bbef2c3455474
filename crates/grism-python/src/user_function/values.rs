//! Arguments and values between Arrow's columns and Python's objects.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism::{Error, Type, Value, fitting};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::batches::Batches;
use crate::convert::values_of_column;
use crate::error::to_python;
use crate::python_value::cell;

/// The arguments of a row.
pub(super) fn row_of<'py>(
    py: Python<'py>,
    columns: &[ArrayRef],
    row: usize,
) -> PyResult<Bound<'py, PyTuple>> {
    let cells = columns.iter().map(|column| {
        let field = Field::new("", column.data_type().clone(), true);
        cell(py, &field, column, row)
    });
    PyTuple::new(py, cells.collect::<PyResult<Vec<_>>>()?)
}

/// The values of a column as a list.
pub(super) fn list_of<'py>(py: Python<'py>, column: &ArrayRef) -> PyResult<Bound<'py, PyList>> {
    let field = Field::new("", column.data_type().clone(), true);
    let list = PyList::empty(py);
    for row in 0..column.len() {
        list.append(cell(py, &field, column, row)?)?;
    }
    Ok(list)
}

/// The columns as arrays of `pyarrow`.
pub(super) fn arrays_of<'py>(
    py: Python<'py>,
    columns: &[ArrayRef],
    rows: usize,
) -> PyResult<Bound<'py, PyTuple>> {
    let fields = columns
        .iter()
        .enumerate()
        .map(|(place, column)| Field::new(place.to_string(), column.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns.to_vec(), &options);
    let batch = batch.map_err(|error| to_python(error.into()))?;
    let table = Batches::new(schema, vec![batch]);
    let table = py.import("pyarrow")?.call_method1("table", (table,))?;
    let arrays = table.getattr("columns")?;
    let arrays = arrays
        .try_iter()?
        .map(|own| own?.call_method0("combine_chunks"));
    PyTuple::new(py, arrays.collect::<PyResult<Vec<_>>>()?)
}

/// What `place` says of a value of another type than is wanted.
pub(super) type Misfit<'a> = dyn Fn(&Value, usize) -> Error + 'a;

/// A column as one of the type `wanted`; `misfit` makes the error for a value of another type, of its row.
pub(super) fn as_type(
    py: Python<'_>,
    column: ArrayRef,
    wanted: &Type,
    misfit: &Misfit<'_>,
) -> PyResult<ArrayRef> {
    let stored = wanted.with_contents();
    if column.data_type() == &stored.to_arrow() && stored != Type::Any {
        return Ok(column);
    }
    let field = Field::new("", column.data_type().clone(), true);
    let values = values_of_column(py, &field, &column)?;
    let fitted = values.into_iter().enumerate().map(|(row, value)| {
        let fitted = fitting(value.clone(), wanted);
        fitted.ok_or_else(|| misfit(&value, row))
    });
    let fitted: Vec<Value> = fitted.collect::<grism::Result<_>>().map_err(to_python)?;
    Value::column(&fitted, &stored.to_arrow()).map_err(to_python)
}

/// The arguments of a call, as an error shows them.
pub(super) fn shown(arguments: &Bound<'_, PyTuple>) -> String {
    const LONGEST: usize = 200;
    let Ok(text) = arguments.repr().and_then(|text| text.extract::<String>()) else {
        return String::new();
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!(" for {}…", &text[..end]),
        None => format!(" for {text}"),
    }
}
