//! Tables that queries read by LOAD FROM: those that were given as parameters, and those that are registered.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow::record_batch::RecordBatch;
use grism::{Error, ErrorKind, ImportSource, Result, RowTable};
use pyo3::prelude::*;

use super::source::{is_in_memory, source_of};
use crate::error::{from_python, to_python};

/// A table of Python that is read once for each time that its rows are asked for.
pub(crate) struct PythonTable {
    table: Table,
    /// Whether a stream was read, which has its rows once.
    is_read: AtomicBool,
}

enum Table {
    /// In memory, as Arrow.
    Batches(Vec<RecordBatch>),
    /// A relation or a query, which runs anew each time.
    Anew(Py<PyAny>),
    /// A stream.
    Once(Py<PyAny>),
}

/// Packages whose objects with the Arrow C stream run a query each time that they are read.
const ANEW: [&str; 2] = ["duckdb", "grism_ray"];

impl PythonTable {
    /// The table that an object is.
    ///
    /// # Errors
    /// `InvalidData` for an object without the Arrow C stream.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let module = object.get_type().module()?.to_string();
        let package = module.split('.').next().unwrap_or_default();
        // An object without the stream is refused there.
        let is_whole = is_in_memory(object)? || !object.hasattr("__arrow_c_stream__")?;
        let table = if is_whole {
            match source_of(object)? {
                ImportSource::Batches(batches) => Table::Batches(batches),
                _ => return Err(to_python(Error::internal("a table in memory"))),
            }
        } else if ANEW
            .iter()
            .any(|own| package.trim_start_matches('_') == *own)
        {
            Table::Anew(object.clone().unbind())
        } else {
            Table::Once(object.clone().unbind())
        };
        Ok(Self {
            table,
            is_read: AtomicBool::new(false),
        })
    }
}

impl RowTable for PythonTable {
    fn source(&self) -> Result<ImportSource> {
        let object = match &self.table {
            Table::Batches(batches) => return Ok(batches.clone().into()),
            Table::Anew(object) => object,
            Table::Once(object) => {
                if self.is_read.swap(true, Ordering::Relaxed) {
                    return Err(Error::invalid_query(
                        "this is a stream, whose rows come once, and it was read before: pass a table instead",
                    ));
                }
                object
            }
        };
        let read = Python::try_attach(|py| {
            source_of(object.bind(py))
                .map_err(|error| from_python(py, &error, ErrorKind::InvalidData))
        });
        read.unwrap_or_else(|| Err(Error::new(ErrorKind::Cancelled, "the interpreter ends")))
    }
}
