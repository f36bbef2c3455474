//! Values of a table that no type holds, or not the one that was asked for: they are looked for row by row, where such rows are
//! rejected.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, ErrorKind, Result};

use super::normalized::normalized_field;
use super::table_columns::TableColumns;

/// The first wrong value of a row.
#[derive(Debug)]
pub(crate) struct WrongValue {
    pub(crate) column: String,
    pub(crate) reason: String,
}

/// The rows of a batch, whose columns are those that are read, that hold wrong values, by their places. `first` is the number of the first row.
///
/// # Errors
/// Those of a column that is wrong as a whole, whatever its values are.
pub(crate) fn wrong_values(
    batch: &RecordBatch,
    columns: &TableColumns,
    first: u64,
) -> Result<BTreeMap<usize, WrongValue>> {
    let mut wrong = BTreeMap::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name();
        if !columns.has_given(name) && !may_be_wrong(field) {
            continue;
        }
        let check = |own: &ArrayRef, place: usize| {
            let (field, own) = columns.plain_column(field, own, first + place as u64)?;
            normalized_field(&field, &own).map(drop)
        };
        check(&column.slice(0, 0), 0)?;
        find(column, 0, &check, &mut |row, error: Error| {
            wrong.entry(row).or_insert_with(|| WrongValue {
                column: name.clone(),
                reason: error.message().to_owned(),
            });
        })?;
    }
    Ok(wrong)
}

/// Gives the rows of `column`, which begins at the row `start`, for which `check` fails to `found`: halves of what fails are
/// checked again.
fn find(
    column: &ArrayRef,
    start: usize,
    check: &impl Fn(&ArrayRef, usize) -> Result<()>,
    found: &mut impl FnMut(usize, Error),
) -> Result<()> {
    match check(column, start) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() != ErrorKind::InvalidData => Err(error),
        Err(error) if column.len() < 2 => {
            found(start, error);
            Ok(())
        }
        Err(_) => {
            let half = column.len() / 2;
            find(&column.slice(0, half), start, check, found)?;
            let rest = column.slice(half, column.len() - half);
            find(&rest, start + half, check, found)
        }
    }
}

/// Whether an Arrow type, or an extension of it, has values that no type holds.
fn may_be_wrong(field: &Field) -> bool {
    let is_extended = super::extension::is_extension(field);
    let within = |own: &Field| may_be_wrong(own);
    is_extended
        || match field.data_type() {
            DataType::UInt64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(..)
            | DataType::Map(..)
            | DataType::Union(..)
            | DataType::Dictionary(..)
            | DataType::RunEndEncoded(..) => true,
            DataType::Struct(fields) => fields.iter().any(|own| within(own)),
            other => super::nested::item_of(other).is_some_and(|own| within(own)),
        }
}
