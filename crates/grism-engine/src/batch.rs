//! Record batches and their columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result};

/// The batch of `columns`, of which there may be none: `rows` says how many rows it has even then.
///
/// # Errors
/// Where the columns are not those of `schema`, or have another length.
pub(crate) fn batch_of(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

/// The ids in a column.
pub(crate) fn id_column(batch: &RecordBatch, name: &str) -> Result<UInt64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<UInt64Array>().cloned())
        .ok_or_else(|| Error::internal(format!("`{name}` is no column of ids")))
}

/// The rows `rows` of every column of `batch`.
pub(crate) fn take_columns(batch: &RecordBatch, rows: &UInt32Array) -> Result<Vec<ArrayRef>> {
    batch
        .columns()
        .iter()
        .map(|column| Ok(take(column, rows, None)?))
        .collect()
}
