//! `Batches`: the rows of a result, which speak the Arrow C stream protocol.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatchReader};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use arrow::util::pretty::pretty_format_batches;
use grism::{Error, PlainForm, plain_batches, plain_values};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList};

use crate::convert::Whole;
use crate::error::to_python;
use crate::python_value::{cell, python_value};

/// Batches of one schema.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct Batches {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// Who reads the Arrow stream.
    form: PlainForm,
}

impl Batches {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self {
            schema,
            batches,
            form: PlainForm::Arrow,
        }
    }

    #[cfg(feature = "ray")]
    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Calls `visit` with the batch and the place of each row of a range.
    fn each(
        &self,
        rows: Range<usize>,
        mut visit: impl FnMut(&RecordBatch, usize) -> PyResult<()>,
    ) -> PyResult<()> {
        let mut first = 0;
        for batch in &self.batches {
            let last = first + batch.num_rows();
            for row in rows.start.max(first)..rows.end.min(last) {
                visit(batch, row - first)?;
            }
            first = last;
        }
        Ok(())
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
        let (schema, batches) =
            plain_batches(&self.schema, &self.batches, self.form).map_err(to_python)?;
        let batches: Vec<Result<RecordBatch, ArrowError>> = batches.into_iter().map(Ok).collect();
        let reader: Box<dyn RecordBatchReader + Send> =
            Box::new(RecordBatchIterator::new(batches, schema));
        PyCapsule::new(
            py,
            FFI_ArrowArrayStream::new(reader),
            Some(c"arrow_array_stream".to_owned()),
        )
    }

    /// The same rows, whose Arrow stream has the types that polars knows.
    fn for_polars(&self) -> Self {
        Self {
            schema: Arc::clone(&self.schema),
            batches: self.batches.clone(),
            form: PlainForm::Polars,
        }
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
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
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
        Ok(PyBytes::new(py, &bytes))
    }

    /// The rows of an Arrow IPC stream.
    #[staticmethod]
    fn from_ipc(bytes: &[u8]) -> PyResult<Self> {
        let read = || {
            let reader = arrow::ipc::reader::StreamReader::try_new(bytes, None)?;
            let schema = reader.schema();
            let batches = reader.collect::<Result<_, _>>()?;
            Ok::<_, ArrowError>(Self::new(schema, batches))
        };
        read().map_err(|error| to_python(Error::from(error)))
    }

    /// A dict for each row from `start`, at most `count` of them.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        start: usize,
        count: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        self.each(start..start.saturating_add(count), |batch, row| {
            let dict = PyDict::new(py);
            for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
                dict.set_item(field.name(), cell(py, field, column, row)?)?;
            }
            rows.append(dict)
        })?;
        Ok(rows)
    }

    /// The values of a column; `None` where there is none of that name.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyList>>> {
        let Some((index, field)) = self.schema.column_with_name(name) else {
            return Ok(None);
        };
        let values = PyList::empty(py);
        self.each(0..usize::MAX, |batch, row| {
            values.append(cell(py, field, batch.column(index), row)?)
        })?;
        Ok(Some(values))
    }

    /// The values of the column at a place, with entities and paths as dicts.
    fn objects<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyList>> {
        let arrays = self.batches.iter().map(|batch| batch.columns().get(place));
        let arrays: Vec<ArrayRef> = arrays.flatten().cloned().collect();
        let objects = PyList::empty(py);
        for value in plain_values(&arrays).map_err(to_python)? {
            let data_type = arrays.first().map_or(&DataType::Null, ArrayRef::data_type);
            objects.append(python_value(py, value, data_type)?)?;
        }
        Ok(objects)
    }

    /// The rows as a table of text, at most `limit` of them.
    fn to_text(&self, limit: Whole<usize>) -> PyResult<String> {
        let mut left = limit.0;
        let mut shown = Vec::new();
        for batch in &self.batches {
            let rows = left.min(batch.num_rows());
            shown.push(batch.slice(0, rows));
            left -= rows;
        }
        let (schema, mut shown) =
            plain_batches(&self.schema, &shown, PlainForm::Text).map_err(to_python)?;
        if shown.is_empty() {
            shown.push(RecordBatch::new_empty(schema));
        }
        let text = pretty_format_batches(&shown).map_err(|error| to_python(Error::from(error)))?;
        Ok(text.to_string())
    }
}
