//! Functions of rows in Python.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism::{
    Error, Result, TableBatches, TableFunction, TableSignature, UserParameter, Value, fitting,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyIterator, PyList, PyString, PyTuple};
use serde::{Deserialize, Serialize};

use super::callable::Callable;
use super::signature::{description_of, name_of, parameters_of, type_of};
use super::values::{as_type, shown};
use crate::convert::{entity_value_of, stream_of};
use crate::failure::failed;
use crate::python_value::python_value;

/// Rows that make a batch.
const BATCH_ROWS: usize = 4096;

/// How long rows wait for more of them before they make a batch.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// A function of rows in Python, which travels pickled.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PythonTableFunction {
    signature: TableSignature,
    callable: Callable,
}

impl PythonTableFunction {
    /// The function of a `grism_ray.UserFunction`.
    pub(super) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let columns: Vec<(String, Bound<'_, PyAny>)> = object.getattr("yields")?.extract()?;
        let columns = columns
            .into_iter()
            .map(|(name, ty)| Ok(UserParameter::new(name, type_of(&ty)?)));
        let columns = columns.collect::<PyResult<Vec<_>>>()?;
        let signature = TableSignature::new(name_of(object)?, parameters_of(object)?, columns);
        Ok(Self {
            signature: signature.with_description(description_of(object)?),
            callable: Callable::of(object.getattr("function")?),
        })
    }
}

#[typetag::serde]
impl TableFunction for PythonTableFunction {
    fn signature(&self) -> &TableSignature {
        &self.signature
    }

    fn rows(&self, arguments: Vec<Value>) -> Result<TableBatches> {
        let name = &self.signature.name;
        let found = Python::try_attach(|py| {
            let function = self.callable.get(py);
            let function = function.map_err(|error| failed(py, name, "", &error))?;
            let given = arguments.into_iter();
            let given = given.map(|value| python_value(py, value, &DataType::Null));
            let given = given.collect::<PyResult<Vec<_>>>();
            let given = given.and_then(|given| PyTuple::new(py, given));
            let given = given.map_err(|error| failed(py, name, "", &error))?;
            let called = function.call1(&given);
            let rows = Rows {
                name: name.clone(),
                columns: self.signature.columns.clone(),
                place: shown(&given),
                count: 0,
            };
            let made = called.and_then(|object| rows.batches(&object));
            made.map_err(|error| failed(py, name, &shown(&given), &error))
        });
        found.unwrap_or_else(|| Err(Error::unavailable("the Python interpreter has ended")))
    }
}

/// The rows of one call.
struct Rows {
    name: String,
    columns: Vec<UserParameter>,
    /// The arguments, as an error shows them.
    place: String,
    /// Rows so far.
    count: usize,
}

impl Rows {
    /// The batches of what a call returned: a table, an iterable of rows and tables, or `None` for no rows.
    fn batches(self, object: &Bound<'_, PyAny>) -> PyResult<TableBatches> {
        if object.is_none() {
            return Ok(Box::new(std::iter::empty()));
        }
        if is_table(object)? {
            return Ok(Box::new(Pieces {
                stream: stream_of(object)?,
                rows: self,
            }));
        }
        let iterator = object.try_iter()?.unbind();
        Ok(Box::new(Iterated {
            iterator,
            rows: self,
            piece: None,
            is_over: false,
        }))
    }

    /// A table as one with the columns of the function.
    fn table(&mut self, py: Python<'_>, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let found = batch.column_by_name(&column.name).ok_or_else(|| {
                let fields = batch.schema();
                let known = fields.fields().iter().map(|field| field.name().as_str());
                self.without(&column.name, known)
            })?;
            let misfit = |value: &Value, row: usize| self.misfit(column, &value.type_name(), row);
            let typed = as_type(py, Arc::clone(found), &column.ty, &misfit);
            columns.push(typed.map_err(|error| self.failed(py, &error))?);
        }
        self.count += batch.num_rows();
        self.batch(columns, batch.num_rows())
    }

    /// A row that is no table: a dict, a sequence, or the value of the only column.
    fn row(&self, object: &Bound<'_, PyAny>, row: usize) -> Result<Vec<Value>> {
        let py = object.py();
        let failed = |error: PyErr| self.failed(py, &error);
        let items = if let Ok(entries) = object.cast::<PyDict>() {
            for key in entries.keys() {
                let name: String = key.extract().map_err(failed)?;
                if !self.columns.iter().any(|own| own.name == name) {
                    return Err(self.unknown(&name, row));
                }
            }
            let columns = self.columns.iter();
            let items = columns.map(|own| entries.get_item(&own.name));
            items.collect::<PyResult<Vec<_>>>().map_err(failed)?
        } else if object.is_instance_of::<PyTuple>()
            || object.is_instance_of::<PyList>() && self.columns.len() != 1
        {
            let items = object
                .try_iter()
                .and_then(Iterator::collect::<PyResult<Vec<_>>>);
            let items = items.map_err(failed)?;
            if items.len() != self.columns.len() {
                return Err(self.width(items.len(), row));
            }
            items.into_iter().map(Some).collect()
        } else if self.columns.len() == 1 {
            vec![Some(object.clone())]
        } else {
            let kind = object.get_type().name();
            let kind = kind.map_or_else(|_| "an object".to_owned(), |name| name.to_string());
            return Err(Error::invalid_data(format!(
                "`{}()` gave {kind} as row {row}{} where it yields {} columns: give a tuple or a dict",
                self.name,
                self.place,
                self.columns.len()
            )));
        };
        let cells = items.into_iter().zip(&self.columns);
        let cells = cells.map(|(item, column)| {
            let value = item.map_or(Ok(Value::Null), |item| entity_value_of(&item));
            let value = value.map_err(failed)?;
            let name = value.type_name();
            fitting(value, &column.ty).ok_or_else(|| self.misfit(column, &name, row))
        });
        cells.collect()
    }

    /// A batch of rows.
    fn of_rows(&mut self, rows: &[Vec<Value>]) -> Result<RecordBatch> {
        let columns = self.columns.iter().enumerate().map(|(place, column)| {
            let values: Vec<Value> = rows.iter().map(|row| row[place].clone()).collect();
            Value::column(&values, &column.column_type().to_arrow())
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        self.count += rows.len();
        self.batch(columns, rows.len())
    }

    fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let fields = self.columns.iter();
        let fields = fields.map(|own| Field::new(&own.name, own.column_type().to_arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }

    fn failed(&self, py: Python<'_>, raised: &PyErr) -> Error {
        let place = match self.count {
            0 => self.place.clone(),
            rows => format!(" after {rows} rows{}", self.place),
        };
        failed(py, &self.name, &place, raised)
    }

    fn misfit(&self, column: &UserParameter, found: &str, row: usize) -> Error {
        Error::invalid_data(format!(
            "`{}()` gave {found} as `{}` in row {}{} where it yields {}",
            self.name,
            column.name,
            self.count + row,
            self.place,
            column.ty
        ))
    }

    fn width(&self, found: usize, row: usize) -> Error {
        Error::invalid_data(format!(
            "`{}()` gave {found} values in row {row}{} where it yields {} columns",
            self.name,
            self.place,
            self.columns.len()
        ))
    }

    fn unknown(&self, name: &str, row: usize) -> Error {
        Error::invalid_data(format!(
            "`{}()` gave the column `{name}` in row {row}{}, which it does not yield{}",
            self.name,
            self.place,
            grism::nearest(name, self.columns.iter().map(|own| own.name.as_str()))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
        ))
    }

    fn without<'a>(&self, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
        let known: Vec<&str> = known.collect();
        Error::invalid_data(format!(
            "`{}()` gave a table without the column `{name}`{}: it has {}",
            self.name,
            self.place,
            known.join(", ")
        ))
    }
}

fn is_table(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_row = object.is_instance_of::<PyTuple>()
        || object.is_instance_of::<PyDict>()
        || object.is_instance_of::<PyList>()
        || object.is_instance_of::<PyInt>()
        || object.is_instance_of::<PyString>();
    if is_row {
        return Ok(false);
    }
    Ok(object.hasattr("__arrow_c_stream__")? || is_record_batch(object)?)
}

/// Whether an object is one batch of `pyarrow`.
fn is_record_batch(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.hasattr("__arrow_c_array__")? && object.hasattr("num_columns")?)
}

type Stream = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

/// The batches of a table.
struct Pieces {
    stream: Stream,
    rows: Rows,
}

impl Iterator for Pieces {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let made = Python::try_attach(|py| {
            let batch = self.stream.next()?;
            Some(batch.and_then(|batch| self.rows.table(py, &batch)))
        });
        made.unwrap_or_else(|| Some(Err(ended())))
    }
}

/// What an iterator gives: rows, or tables.
struct Iterated {
    iterator: Py<PyIterator>,
    rows: Rows,
    /// The table that is being read.
    piece: Option<Stream>,
    is_over: bool,
}

impl Iterated {
    fn make(&mut self, py: Python<'_>) -> Result<Option<RecordBatch>> {
        let begun = Instant::now();
        let mut rows: Vec<Vec<Value>> = Vec::new();
        let mut iterator = self.iterator.bind(py).clone();
        loop {
            if let Some(piece) = &mut self.piece {
                match piece.next() {
                    Some(batch) => return self.rows.table(py, &batch?).map(Some),
                    None => self.piece = None,
                }
            }
            let is_due = rows.len() >= BATCH_ROWS || begun.elapsed() >= LONGEST_WAIT;
            if is_due && !rows.is_empty() {
                return self.rows.of_rows(&rows).map(Some);
            }
            if self.is_over {
                return match rows.is_empty() {
                    true => Ok(None),
                    false => self.rows.of_rows(&rows).map(Some),
                };
            }
            let Some(next) = iterator.next() else {
                self.is_over = true;
                continue;
            };
            let next = next.map_err(|error| {
                self.rows.count += rows.len();
                self.is_over = true;
                self.rows.failed(py, &error)
            })?;
            if is_table(&next).unwrap_or(false) {
                let stream = stream_of(&next).map_err(|error| self.rows.failed(py, &error))?;
                self.piece = Some(stream);
                if !rows.is_empty() {
                    return self.rows.of_rows(&rows).map(Some);
                }
            } else {
                let place = rows.len();
                rows.push(self.rows.row(&next, place)?);
            }
        }
    }
}

impl Iterator for Iterated {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over && self.piece.is_none() {
            return None;
        }
        let made = Python::try_attach(|py| self.make(py).transpose());
        made.unwrap_or_else(|| Some(Err(ended())))
    }
}

fn ended() -> Error {
    Error::unavailable("the Python interpreter has ended")
}
