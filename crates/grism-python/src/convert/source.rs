//! Tables, from anything that speaks the Arrow C stream protocol.

use arrow::record_batch::RecordBatch;
use grism::{Error, ImportSource, TableStream};
use pyo3::prelude::*;

use super::arrow_stream::batches_of;
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
    let (schema, batches) = batches_of(table)?;
    if !is_in_memory(table)? {
        let batches = Box::new(batches);
        return Ok(ImportSource::Stream(TableStream { schema, batches }));
    }
    let batches: Result<Vec<RecordBatch>, _> = batches.collect();
    Ok(ImportSource::Batches(batches.map_err(to_python)?))
}

/// Tables of pyarrow, pandas and polars are in memory. The rows of a reader, a cursor or a relation may not fit there.
pub(super) fn is_in_memory(table: &Bound<'_, PyAny>) -> PyResult<bool> {
    for name in ["num_rows", "iterrows", "height"] {
        if table.hasattr(name)? {
            return Ok(true);
        }
    }
    Ok(false)
}
