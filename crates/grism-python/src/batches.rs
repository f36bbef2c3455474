//! Results: batches that speak the Arrow C stream protocol, and streams of them.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, RecordBatchReader};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use arrow::util::pretty::pretty_format_batches;
use futures::{StreamExt, TryStreamExt};
use grism::temporal::LocalDateTime;
use grism::{
    CancellationHandle, Error, QueryResult, RecordBatchStream, TaskMetrics, Value, WriteCounts,
    plain_batches,
};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

use crate::error::to_python;
use crate::runtime::wait;

/// Batches of one schema.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct Batches {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Batches {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
}

#[pymethods]
impl Batches {
    /// The Arrow C stream of the rows, for pyarrow, polars, pandas and others.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer ignore what it is asked for.
        drop(requested_schema);
        let (schema, batches) = plain_batches(&self.schema, &self.batches).map_err(to_python)?;
        let batches: Vec<Result<RecordBatch, ArrowError>> = batches.into_iter().map(Ok).collect();
        let reader: Box<dyn RecordBatchReader + Send> =
            Box::new(RecordBatchIterator::new(batches, schema));
        PyCapsule::new(
            py,
            FFI_ArrowArrayStream::new(reader),
            Some(c"arrow_array_stream".to_owned()),
        )
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// The rows as one Arrow IPC stream.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyBytes>> {
        let write = || {
            let mut bytes = Vec::new();
            let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut bytes, &self.schema)?;
            self.batches
                .iter()
                .try_for_each(|batch| writer.write(batch))?;
            writer.finish()?;
            drop(writer);
            Ok::<_, ArrowError>(bytes)
        };
        let bytes = write().map_err(|error| to_python(Error::from(error)))?;
        Ok(pyo3::types::PyBytes::new(py, &bytes))
    }

    /// The rows of an Arrow IPC stream.
    #[staticmethod]
    fn from_ipc(bytes: &[u8]) -> PyResult<Self> {
        let read = || {
            let reader = arrow::ipc::reader::StreamReader::try_new(bytes, None)?;
            let schema = reader.schema();
            Ok::<_, ArrowError>(Self {
                schema,
                batches: reader.collect::<Result<_, _>>()?,
            })
        };
        read().map_err(|error| to_python(Error::from(error)))
    }

    /// A dict for each row.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        for batch in &self.batches {
            for row in 0..batch.num_rows() {
                let dict = PyDict::new(py);
                for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
                    dict.set_item(field.name(), cell(py, column, row)?)?;
                }
                rows.append(dict)?;
            }
        }
        Ok(rows)
    }

    /// The rows as a table of text, at most `limit` of them.
    fn to_text(&self, limit: usize) -> PyResult<String> {
        let mut left = limit;
        let mut shown = Vec::new();
        for batch in &self.batches {
            let rows = left.min(batch.num_rows());
            shown.push(batch.slice(0, rows));
            left -= rows;
        }
        let (schema, mut shown) = plain_batches(&self.schema, &shown).map_err(to_python)?;
        if shown.is_empty() {
            shown.push(RecordBatch::new_empty(schema));
        }
        let text = pretty_format_batches(&shown).map_err(|error| to_python(Error::from(error)))?;
        Ok(text.to_string())
    }
}

/// One value as a Python object.
fn cell<'py>(py: Python<'py>, column: &dyn Array, row: usize) -> PyResult<Bound<'py, PyAny>> {
    let value = Value::from_array(column, row).map_err(to_python)?;
    python_value(py, value, column.data_type())
}

fn python_value<'py>(
    py: Python<'py>,
    value: Value,
    data_type: &DataType,
) -> PyResult<Bound<'py, PyAny>> {
    let datetime = || py.import("datetime");
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Int64(value) => value.into_pyobject(py)?.into_any(),
        Value::Float64(value) => value.into_pyobject(py)?.into_any(),
        Value::String(value) => value.into_pyobject(py)?.into_any(),
        Value::Bytes(value) => pyo3::types::PyBytes::new(py, &value).into_any(),
        Value::Date(days) => {
            let ordinal = days + 719_163;
            if !(1..=3_652_059).contains(&ordinal) {
                return Ok(Value::Date(days).to_string().into_pyobject(py)?.into_any());
            }
            datetime()?
                .getattr("date")?
                .call_method1("fromordinal", (ordinal,))?
        }
        Value::LocalTime(nanos) => time(py, nanos, None)?,
        Value::Time(value) => time(py, value.nanos, Some(zone(py, value.offset, None)?))?,
        Value::LocalDateTime(local) => point(py, local, None)?,
        Value::DateTime(value) => {
            let zone = zone(py, value.offset, value.zone.as_deref())?;
            point(py, value.local, Some(zone))?
        }
        Value::Duration(value) => py.import("grism_ray.result")?.getattr("Duration")?.call1((
            value.months,
            value.days,
            value.seconds,
            value.nanos,
        ))?,
        Value::Node(node) => {
            let contents = node.contents.unwrap_or_default();
            let properties = python_value(py, Value::Map(contents.properties), &DataType::Null)?;
            py.import("grism_ray.result")?.getattr("Node")?.call1((
                node.id,
                contents.labels,
                properties,
            ))?
        }
        Value::Hyperedge(hyperedge) => {
            let contents = hyperedge.contents.unwrap_or_default();
            let properties = python_value(py, Value::Map(contents.properties), &DataType::Null)?;
            py.import("grism_ray.result")?
                .getattr("Hyperedge")?
                .call1((hyperedge.id, contents.type_name, properties))?
        }
        Value::Incidence(incidence) => {
            let member = incidence.member.entity_id();
            py.import("grism_ray.result")?
                .getattr("Incidence")?
                .call1((
                    incidence.hyperedge.id,
                    incidence.role,
                    incidence.position,
                    member,
                ))?
        }
        Value::Path(path) => {
            let nodes = python_value(py, Value::List(path.nodes), &DataType::Null)?;
            let steps = python_value(py, Value::List(path.relationships), &DataType::Null)?;
            py.import("grism_ray.result")?
                .getattr("Path")?
                .call1((nodes, steps))?
        }
        Value::List(items) => {
            let inner = match data_type {
                DataType::List(field) => field.data_type().clone(),
                _ => DataType::Null,
            };
            let list = PyList::empty(py);
            for item in items {
                list.append(python_value(py, item, &inner)?)?;
            }
            list.into_any()
        }
        Value::Map(entries) => {
            let dict = PyDict::new(py);
            let DataType::Struct(fields) = data_type else {
                for (key, value) in entries {
                    dict.set_item(key, python_value(py, value, &DataType::Null)?)?;
                }
                return Ok(dict.into_any());
            };
            // In the order of the fields, which is the order the query gave.
            for field in fields {
                let value = entries.get(field.name()).cloned().unwrap_or(Value::Null);
                dict.set_item(field.name(), python_value(py, value, field.data_type())?)?;
            }
            dict.into_any()
        }
    })
}

/// A `datetime.time`; what is finer than a microsecond is cut.
fn time<'py>(
    py: Python<'py>,
    nanos: i64,
    zone: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let seconds = nanos / 1_000_000_000;
    let micros = nanos / 1000 % 1_000_000;
    py.import("datetime")?.getattr("time")?.call1((
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros,
        zone,
    ))
}

/// A `datetime.datetime`, or text for a year that Python has not.
fn point<'py>(
    py: Python<'py>,
    local: LocalDateTime,
    zone: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if !(1..=3_652_059).contains(&(local.days + 719_163)) {
        return Ok(local.to_string().into_pyobject(py)?.into_any());
    }
    let module = py.import("datetime")?;
    let date = module
        .getattr("date")?
        .call_method1("fromordinal", (local.days + 719_163,))?;
    let clock = time(py, local.nanos, zone)?;
    module
        .getattr("datetime")?
        .call_method1("combine", (date, clock))
}

/// A zone by its name where Python knows it, else a plain offset.
fn zone<'py>(py: Python<'py>, offset: i32, name: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    if let Some(name) = name
        && let Ok(zone) = py.import("zoneinfo")?.getattr("ZoneInfo")?.call1((name,))
    {
        return Ok(zone);
    }
    let module = py.import("datetime")?;
    if offset == 0 {
        return module.getattr("timezone")?.getattr("utc");
    }
    let delta = module.getattr("timedelta")?.call1((0, offset))?;
    module.getattr("timezone")?.call1((delta,))
}

/// A running query, batch by batch.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct BatchStream {
    schema: SchemaRef,
    stream: Arc<tokio::sync::Mutex<Option<RecordBatchStream>>>,
    cancellation: CancellationHandle,
    warnings: Vec<String>,
    load: Option<String>,
    written: Option<WriteCounts>,
    tasks: Arc<Mutex<Vec<TaskMetrics>>>,
}

impl BatchStream {
    pub(crate) fn new(result: QueryResult) -> Self {
        let warnings = result.warnings.iter().map(ToString::to_string).collect();
        let load = result
            .load
            .as_ref()
            .and_then(|report| serde_json::to_string(report).ok());
        Self {
            schema: Arc::clone(result.schema().arrow()),
            cancellation: result.cancellation(),
            warnings,
            load,
            written: result.written,
            tasks: Arc::clone(&result.tasks),
            stream: Arc::new(tokio::sync::Mutex::new(Some(result.into_stream()))),
        }
    }
}

#[pymethods]
impl BatchStream {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batches>> {
        let stream = Arc::clone(&self.stream);
        let next = async move {
            match stream.lock().await.as_mut() {
                Some(stream) => stream.next().await.transpose(),
                None => Ok(None),
            }
        };
        let batch = wait(py, Some(&self.cancellation), next)?;
        Ok(batch.map(|batch| Batches::new(Arc::clone(&self.schema), vec![batch])))
    }

    /// Reads what is left.
    fn collect(&self, py: Python<'_>) -> PyResult<Batches> {
        let stream = Arc::clone(&self.stream);
        let all = async move {
            match stream.lock().await.take() {
                Some(stream) => stream.try_collect::<Vec<_>>().await,
                None => Ok(Vec::new()),
            }
        };
        let batches = wait(py, Some(&self.cancellation), all)?;
        Ok(Batches::new(Arc::clone(&self.schema), batches))
    }

    /// Stops the query.
    fn cancel(&self) {
        self.cancellation.cancel();
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The report of a load, as JSON.
    #[getter]
    fn load(&self) -> Option<String> {
        self.load.clone()
    }

    /// What a query wrote, by name; `None` for one that only reads.
    #[getter]
    fn written(&self) -> Option<Vec<(&'static str, u64)>> {
        self.written.map(|counts| counts.named().to_vec())
    }

    /// What the tasks of a staged run did, as JSON.
    #[getter]
    fn tasks(&self) -> PyResult<String> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*tasks)
            .map_err(|error| to_python(Error::internal(error.to_string())))
    }
}
