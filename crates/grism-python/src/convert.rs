//! Values, tables and options, from Python.

use std::collections::BTreeMap;

use arrow::ffi_stream::ArrowArrayStreamReader;
use arrow::record_batch::RecordBatch;
use arrow_pyarrow::FromPyArrow;
use grism::{Error, Parameters, Value};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};

use crate::error::to_python;

/// Parameters from a dict.
pub(crate) fn parameters(given: Option<&Bound<'_, PyDict>>) -> PyResult<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in given.into_iter().flatten() {
        parameters.insert(name.extract()?, value_of(&value)?);
    }
    Ok(parameters)
}

/// A value from a Python object.
pub(crate) fn value_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if object.is_none() {
        return Ok(Value::Null);
    }
    if object.is_instance_of::<PyBool>() {
        return Ok(Value::Bool(object.extract()?));
    }
    if object.is_instance_of::<PyInt>() {
        let integer = object.extract::<i64>();
        return integer.map(Value::Int64).map_err(|_| {
            to_python(Error::invalid_query(format!(
                "the integer {object} does not fit into 64 bits"
            )))
        });
    }
    if object.is_instance_of::<PyFloat>() {
        return Ok(Value::Float64(object.extract()?));
    }
    if object.is_instance_of::<PyString>() {
        return Ok(Value::String(object.extract()?));
    }
    if object.is_instance_of::<PyBytes>() {
        return Ok(Value::Bytes(object.extract()?));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let items = object
            .try_iter()?
            .map(|item| value_of(&item?))
            .collect::<PyResult<_>>()?;
        return Ok(Value::List(items));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut entries = BTreeMap::new();
        for (key, value) in dict {
            entries.insert(key.extract()?, value_of(&value)?);
        }
        return Ok(Value::Map(entries));
    }
    if object.is_instance_of::<PyDateTime>() {
        return datetime_of(object);
    }
    if object.is_instance_of::<PyDate>() {
        let ordinal: i64 = object.call_method0("toordinal")?.extract()?;
        return Ok(Value::Date((ordinal - EPOCH_ORDINAL) as i32));
    }
    // numpy scalars and the like know how to become plain values.
    if let Ok(plain) = object.call_method0("item")
        && !plain.is(object)
    {
        return value_of(&plain);
    }
    let name = object.get_type().qualname()?;
    Err(to_python(Error::unsupported(format!(
        "a value of the Python type {name}"
    ))))
}

/// `date(1970, 1, 1).toordinal()`.
const EPOCH_ORDINAL: i64 = 719_163;

fn datetime_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let part = |object: &Bound<'_, PyAny>, name: &str| object.getattr(name)?.extract::<i64>();
    let has_zone = !object.getattr("tzinfo")?.is_none();
    let offset = object.call_method0("utcoffset")?;
    let ordinal: i64 = object.call_method0("toordinal")?.extract()?;
    let mut seconds = (ordinal - EPOCH_ORDINAL) * 86_400;
    seconds +=
        part(object, "hour")? * 3_600 + part(object, "minute")? * 60 + part(object, "second")?;
    let mut micros = part(object, "microsecond")?;
    if has_zone && !offset.is_none() {
        seconds -= part(&offset, "days")? * 86_400 + part(&offset, "seconds")?;
        micros -= part(&offset, "microseconds")?;
    }
    let nanos = seconds
        .checked_mul(1_000_000_000)
        .and_then(|nanos| nanos.checked_add(micros * 1_000));
    let nanos = nanos.ok_or_else(|| {
        to_python(Error::unsupported(
            "a datetime outside the years 1678 to 2261",
        ))
    })?;
    Ok(if has_zone {
        Value::DateTime(nanos)
    } else {
        Value::LocalDateTime(nanos)
    })
}

/// The batches of anything that speaks the Arrow C stream protocol.
pub(crate) fn batches_of(table: &Bound<'_, PyAny>) -> PyResult<Vec<RecordBatch>> {
    if !table.hasattr("__arrow_c_stream__")? {
        let name = table.get_type().qualname()?;
        let message =
            format!("a table is needed (pyarrow, pandas, polars or a file's path), not {name}");
        return Err(to_python(Error::invalid_data(message)));
    }
    let reader = ArrowArrayStreamReader::from_pyarrow_bound(table)?;
    let batches: Result<Vec<RecordBatch>, _> = reader.collect();
    batches.map_err(|error| to_python(Error::from(error)))
}
