//! Batches of rows that wait for their groups.
//!
//! ```text
//! | key | origin | line | row as it stood | roles and properties, as far as the batch has them … |
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Table};

use crate::columns::{column_or_null, table_fields};

/// The columns before those of the table: the key, and those of the row's origin.
pub(super) const BEFORE: usize = 4;
/// How they are called; they are known by their places, since columns of tables may be called so too.
pub(super) const NAMES_BEFORE: [&str; BEFORE] = ["key", "origin", "line", "row"];

/// Batches as one, with those columns of the table that any of them has, in the types that they have now.
///
/// # Errors
/// Those of Arrow.
pub(super) fn joined(table: &Table, batches: &[RecordBatch]) -> Result<RecordBatch> {
    let own = |batch: &RecordBatch| -> Result<RecordBatch> {
        let places: Vec<usize> = (BEFORE..batch.num_columns()).collect();
        Ok(batch.project(&places)?)
    };
    let owned = batches.iter().map(own).collect::<Result<Vec<_>>>()?;
    let names: HashSet<String> = owned
        .iter()
        .flat_map(|batch| batch.schema_ref().fields().iter())
        .map(|field| field.name().clone())
        .collect();
    let fields: Vec<Field> = table_fields(table)
        .into_iter()
        .filter(|field| names.contains(field.name()))
        .collect();
    let Some(first) = batches.first() else {
        return Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
    };
    let before = first.schema_ref().fields().iter().take(BEFORE);
    let before = before.map(|field| field.as_ref().clone());
    let schema = Arc::new(Schema::new(
        before.chain(fields.iter().cloned()).collect::<Vec<_>>(),
    ));
    let mut same = Vec::with_capacity(batches.len());
    for (batch, own) in batches.iter().zip(&owned) {
        let mut columns = batch.columns()[..BEFORE].to_vec();
        for field in &fields {
            columns.push(column_or_null(own, field.name(), field.data_type())?);
        }
        same.push(RecordBatch::try_new(Arc::clone(&schema), columns)?);
    }
    Ok(concat_batches(&schema, &same)?)
}
