//! Values, tables and options, from Python.

use std::collections::BTreeMap;

use arrow::ffi_stream::ArrowArrayStreamReader;
use arrow::record_batch::RecordBatch;
use arrow_pyarrow::FromPyArrow;
use grism::temporal::{DateTime, Duration, LocalDateTime, Time};
use grism::{Error, ImportSource, Parameters, Value};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTime,
    PyTuple,
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
    if object.is_instance_of::<PyTime>() {
        return time_of(object);
    }
    let is_duration = || {
        object
            .get_type()
            .qualname()
            .is_ok_and(|name| name == "Duration")
    };
    if object.is_instance_of::<PyDelta>() || is_duration() {
        return duration_of(object);
    }
    if object.is_instance_of::<PyDate>() {
        let ordinal: i64 = object.call_method0("toordinal")?.extract()?;
        return Ok(Value::Date(ordinal - EPOCH_ORDINAL));
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
    let ordinal: i64 = object.call_method0("toordinal")?.extract()?;
    let seconds =
        part(object, "hour")? * 3_600 + part(object, "minute")? * 60 + part(object, "second")?;
    let local = LocalDateTime {
        days: ordinal - EPOCH_ORDINAL,
        nanos: seconds * 1_000_000_000 + part(object, "microsecond")? * 1_000,
    };
    let zone = object.getattr("tzinfo")?;
    let offset = object.call_method0("utcoffset")?;
    if zone.is_none() || offset.is_none() {
        return Ok(Value::LocalDateTime(local));
    }
    Ok(Value::DateTime(Box::new(DateTime {
        local,
        offset: offset_of(&offset)?,
        // zoneinfo names its zones; other kinds have an offset only.
        zone: zone
            .getattr("key")
            .ok()
            .and_then(|key| key.extract::<String>().ok()),
    })))
}

fn offset_of(delta: &Bound<'_, PyAny>) -> PyResult<i32> {
    let part = |name: &str| delta.getattr(name)?.extract::<i64>();
    Ok((part("days")? * 86_400 + part("seconds")?) as i32)
}

fn time_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let part = |name: &str| object.getattr(name)?.extract::<i64>();
    let seconds = part("hour")? * 3_600 + part("minute")? * 60 + part("second")?;
    let nanos = seconds * 1_000_000_000 + part("microsecond")? * 1_000;
    let offset = object.call_method0("utcoffset")?;
    if offset.is_none() {
        return Ok(Value::LocalTime(nanos));
    }
    let offset = offset_of(&offset)?;
    Ok(Value::Time(Time { nanos, offset }))
}

fn duration_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let part = |name: &str| object.getattr(name)?.extract::<i64>();
    Ok(Value::Duration(Duration {
        months: object
            .getattr("months")
            .and_then(|months| months.extract())
            .unwrap_or(0),
        days: part("days")?,
        seconds: part("seconds")?,
        nanos: match object.getattr("nanoseconds") {
            Ok(nanos) => nanos.extract()?,
            Err(_) => (part("microseconds")? * 1_000) as i32,
        },
    }))
}

/// The rows of anything that speaks the Arrow C stream protocol. What can be read once is read as it is loaded.
pub(crate) fn source_of(table: &Bound<'_, PyAny>) -> PyResult<ImportSource> {
    let name = table.get_type().qualname()?;
    if !table.hasattr("__arrow_c_stream__")? {
        let message = format!(
            "a table is needed (pyarrow, pandas, polars, anything with __arrow_c_stream__, or paths of files), not {name}"
        );
        return Err(to_python(Error::invalid_data(message)));
    }
    let reader = ArrowArrayStreamReader::from_pyarrow_bound(table)?;
    if name == "RecordBatchReader" {
        let batches = reader.map(|batch| batch.map_err(Error::from));
        return Ok(ImportSource::Stream(Box::new(batches)));
    }
    let batches: Result<Vec<RecordBatch>, _> = reader.collect();
    let batches = batches.map_err(|error| to_python(Error::from(error)))?;
    Ok(ImportSource::Batches(batches))
}
