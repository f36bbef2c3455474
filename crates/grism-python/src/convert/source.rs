//! Tables, from anything that speaks the Arrow C stream protocol.

use arrow::ffi_stream::ArrowArrayStreamReader;
use arrow::record_batch::{RecordBatch, RecordBatchReader as _};
use arrow_pyarrow::FromPyArrow;
use grism::{Error, ImportSource, TableStream};
use pyo3::prelude::*;

use super::row_table::is_in_memory;
use crate::error::to_python;

/// The rows of a table. What can be read only once is read as it is loaded.
pub(crate) fn source_of(table: &Bound<'_, PyAny>) -> PyResult<ImportSource> {
    let name = table.get_type().qualname()?;
    if !table.hasattr("__arrow_c_stream__")? {
        let message = format!(
            "a table is needed (pyarrow, pandas, polars, anything with __arrow_c_stream__, or paths of files), not {name}"
        );
        return Err(to_python(Error::invalid_data(message)));
    }
    let reader = ArrowArrayStreamReader::from_pyarrow_bound(table)?;
    if !is_in_memory(table)? {
        let schema = reader.schema();
        let batches = Box::new(reader.map(|batch| batch.map_err(Error::from)));
        return Ok(ImportSource::Stream(TableStream { schema, batches }));
    }
    let batches: Result<Vec<RecordBatch>, _> = reader.collect();
    let batches = batches.map_err(|error| to_python(Error::from(error)))?;
    Ok(ImportSource::Batches(batches))
}
