//! The batches of an object with the Arrow C stream, none of which is trusted: they come from libraries in other languages.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use grism::{Error, ErrorKind, Result};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::foreign_stream::ForeignStream;
use crate::error::{from_python, to_python};

/// The columns of a table, and its batches as they come.
///
/// # Errors
/// `InvalidData` for a table that its library does not hand over as Arrow, and for a column of Python objects.
pub(super) fn batches_of(
    table: &Bound<'_, PyAny>,
) -> PyResult<(
    SchemaRef,
    impl Iterator<Item = Result<RecordBatch>> + Send + use<>,
)> {
    let table = plain(table).map_err(|error| not_handed_over(table, error))?;
    let reader = ForeignStream::of(&table).map_err(|error| not_handed_over(&table, error))?;
    let schema = reader.schema();
    let batches = reader.map(|batch| checked(batch.map_err(of_source)?));
    Ok((schema, batches))
}

/// The batches of a table, as they come.
///
/// # Errors
/// Those of `batches_of`.
pub(crate) fn stream_of(
    table: &Bound<'_, PyAny>,
) -> PyResult<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
    let (_, batches) = batches_of(table)?;
    Ok(Box::new(batches))
}

/// The values of an array of pyarrow, or of a list that it makes one of.
///
/// # Errors
/// Those of pyarrow; `InvalidData` for what is not of one Arrow type.
pub(crate) fn column_of(values: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let columns = PyDict::new(values.py());
    columns.set_item("values", values)?;
    let table = values.py().import("pyarrow")?;
    let (schema, batches) = batches_of(&table.call_method1("table", (columns,))?)?;
    let batches = batches.collect::<Result<Vec<_>>>().map_err(to_python)?;
    let whole = concat_batches(&schema, &batches).map_err(|error| to_python(error.into()))?;
    Ok(Arc::clone(whole.column(0)))
}

/// The table as Arrow takes it from its library: polars hands over addresses for objects, and buffers for nulls.
fn plain<'py>(table: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let module = table.get_type().module()?.to_string();
    if module.split('.').next() != Some("polars") || !table.hasattr("dtypes")? {
        return Ok(table.clone());
    }
    let (names, types) = (table.getattr("columns")?, table.getattr("dtypes")?);
    let mut has_nulls = false;
    for (name, ty) in names.try_iter()?.zip(types.try_iter()?) {
        let ty = ty?.str()?.to_string();
        if ty.contains("Object") {
            let message = format!(
                "the column `{}` holds Python objects, which are no values: turn them into texts or numbers first",
                name?
            );
            return Err(to_python(Error::invalid_data(message)));
        }
        has_nulls |= ty.contains("Null");
    }
    match has_nulls {
        true => table.call_method0("to_arrow"),
        false => Ok(table.clone()),
    }
}

/// The error for a table that is not handed over. What ends the program, such as an interrupt, stays what it is.
fn not_handed_over(table: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    let py = table.py();
    if !error.is_instance_of::<PyException>(py) {
        return error;
    }
    let told = from_python(py, &error, ErrorKind::InvalidData);
    if told.kind() != ErrorKind::InvalidData {
        return to_python(told);
    }
    let name = table.get_type().name();
    let name = name.map_or_else(|_| "the table".to_owned(), |name| format!("the {name}"));
    to_python(told.context(format!("{name} cannot be read as Arrow")))
}

/// The error of a source while it is read.
fn of_source(error: ArrowError) -> Error {
    Error::invalid_data(format!("the table cannot be read: {error}"))
}

/// A batch whose texts are UTF-8 and whose offsets lie within it.
fn checked(batch: RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let checked = column.to_data().validate_full();
        checked.map_err(|error| {
            Error::invalid_data(format!("the column `{}`: {error}", field.name()))
        })?;
    }
    Ok(batch)
}
