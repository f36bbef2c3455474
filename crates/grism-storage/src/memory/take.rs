//! Columns of the rows of a table in memory, by their offsets.

use arrow::array::{Array, ArrayRef, UInt32Array, new_empty_array};
use arrow::compute::{interleave, take};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Table};

use super::chunks::Chunks;
use crate::columns::{column_or_null, column_type, named_batch};

/// `columns` of the rows at `offsets` of a table, in their order.
///
/// # Errors
/// `Internal` for an offset past the end, or a column that the table does not have.
pub(super) fn take_rows(
    table: &Table,
    chunks: &Chunks,
    offsets: &[u64],
    columns: &[String],
) -> Result<RecordBatch> {
    let places = chunks.places(offsets).ok_or_else(|| {
        let unknown = offsets.iter().find(|own| chunks.place(**own).is_none());
        let offset = unknown.copied().unwrap_or_default();
        Error::internal(format!("the table {} has no row {offset}", table.id))
    })?;
    let of_one = match chunks.batches.len() {
        1 => {
            let rows = places.iter().map(|(_, row)| *row as u32);
            Some(UInt32Array::from_iter_values(rows))
        }
        _ => None,
    };
    let taken = columns.iter().map(|name| -> Result<ArrayRef> {
        let data_type = column_type(table, name).ok_or_else(|| {
            Error::internal(format!("the table {} has no column `{name}`", table.id))
        })?;
        if offsets.is_empty() {
            return Ok(new_empty_array(&data_type));
        }
        let pieces = chunks.batches.iter();
        let pieces = pieces.map(|batch| column_or_null(batch, name, &data_type));
        let pieces: Vec<ArrayRef> = pieces.collect::<Result<_>>()?;
        if let (Some(rows), [only]) = (&of_one, &pieces[..]) {
            return Ok(take(only, rows, None)?);
        }
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        Ok(interleave(&pieces, &places)?)
    });
    named_batch(columns, taken.collect::<Result<Vec<_>>>()?, offsets.len())
}
