//! Staging of rows that change: they are read, counted and written anew, so many at a time.

use arrow::array::{Array, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, Error, HyperedgeType, ID_COLUMN, OffsetSet, Result, RowBuffer, Table, batches_of,
};

use super::lists::Replaced;
use super::table::{StagedTable, TableContext};
use std::sync::Arc;

use crate::columns::{column_or_null, column_type, id_array, named_batch, row_offsets};
use crate::lance::rows::dataset::{change, read_rows, with_fields};
use crate::lance::rows::physical::{has_field, physical_columns, target_column};

/// Rows that one version of a dataset rewrites. Lance looks each of them up in a map of them all, so that many are staged in
/// versions on top of each other, of which the log names the last.
const VERSION_ROWS: u64 = 1 << 20;

/// The table with changed rows, and what becomes of their incidences.
pub(super) async fn updated(
    context: &TableContext,
    mut staged: StagedTable,
    updates: Vec<AppendedRows>,
) -> Result<StagedTable> {
    let (table, shares) = (&*context.table, context.shares());
    let waiting = || {
        RowBuffer::new(
            shares.waiting_bytes() / 2,
            context.root.resources().memory(),
        )
    };
    let (mut rewritten, mut rows) = (waiting(), OffsetSet::new());
    let mut replaced = Replaced::default();
    let mut pending: Vec<RecordBatch> = Vec::new();
    let mut batches = batches_of(updates).peekable();
    while let Some(batch) = batches.next() {
        pending.push(batch?);
        let gathered: usize = pending.iter().map(RecordBatch::num_rows).sum();
        let same_columns = match batches.peek() {
            Some(Ok(next)) => next.schema() == pending[0].schema(),
            _ => false,
        };
        if same_columns && gathered < shares.change_rows() {
            continue;
        }
        let batch = concat_batches(&pending[0].schema(), &pending)?;
        pending.clear();
        let offsets = row_offsets(&batch)?;
        let (old, new) = rewrite(&mut staged, table, &batch, &offsets).await?;
        if let Some(ty) = table.hyperedge_type().filter(|ty| binds(ty, &batch)) {
            replaced.add(table, ty, &offsets, &old, Some(&new))?;
            let most = shares.change_incidences();
            staged.replace(context, &mut replaced, most).await?;
        }
        rows.extend(offsets.iter().copied());
        rewritten.push(with_ids(table, &offsets, &new)?)?;
        if rows.len() >= VERSION_ROWS {
            let full = std::mem::replace(&mut rewritten, waiting());
            let rows = std::mem::take(&mut rows);
            staged = written(context, staged, &full.finish()?, &rows).await?;
        }
    }
    staged.replace(context, &mut replaced, 0).await?;
    if rows.is_empty() {
        return Ok(staged);
    }
    written(context, staged, &rewritten.finish()?, &rows).await
}

/// Stages rows that come anew in the place of others as a version of the dataset.
async fn written(
    context: &TableContext,
    staged: StagedTable,
    updated: &[AppendedRows],
    replaced: &OffsetSet,
) -> Result<StagedTable> {
    let (root, unsynced) = (&context.root, &context.unsynced);
    let fragment_rows = context.options.fragment_rows;
    let (path, base) = (&staged.path, staged.dataset);
    let dataset = change(root, path, base, updated, replaced, fragment_rows, unsynced).await?;
    Ok(StagedTable { dataset, ..staged })
}

/// Rows as they are and as `batch` changes them, all fields of each. The dataset gets the fields that the change needs.
async fn rewrite(
    staged: &mut StagedTable,
    table: &Table,
    batch: &RecordBatch,
    offsets: &[u64],
) -> Result<(RecordBatch, RecordBatch)> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let names: Vec<&str> = names.filter(|name| *name != ID_COLUMN).collect();
    let mut targets = Vec::new();
    for name in &names {
        let data_type = column_type(table, name)
            .ok_or_else(|| Error::internal("an update of an unknown column"))?;
        targets.push(target_column(&staged.dataset, table, name, &data_type));
    }
    let added: Vec<Field> = targets
        .iter()
        .filter(|field| !has_field(&staged.dataset, field.name()))
        .cloned()
        .collect();
    if !added.is_empty() {
        staged.dataset = with_fields(&Arc::new(staged.dataset.clone()), added).await?;
    }
    let old = read_rows(&staged.dataset, offsets).await?;
    staged.count_changed(table, batch, &old)?;
    let mut columns = Vec::new();
    for (field, column) in old.schema().fields().iter().zip(old.columns()) {
        let target = targets.iter().position(|own| own.name() == field.name());
        let superseded = names
            .iter()
            .any(|name| physical_columns(&staged.dataset, table, name).contains(field.name()));
        columns.push(match target {
            Some(at) => {
                let data_type = targets[at].data_type();
                let new = column_or_null(batch, names[at], data_type)?;
                if new.data_type() == field.data_type() {
                    new
                } else {
                    arrow::compute::cast(&new, field.data_type())?
                }
            }
            None if superseded => new_null_array(field.data_type(), old.num_rows()),
            None => Arc::clone(column),
        });
    }
    let new = RecordBatch::try_new(old.schema(), columns)?;
    Ok((old, new))
}

/// Whether a batch of changes binds roles anew.
fn binds(ty: &HyperedgeType, batch: &RecordBatch) -> bool {
    ty.roles
        .iter()
        .any(|role| batch.column_by_name(&role.column()).is_some())
}

/// Rows of a dataset behind their ids.
fn with_ids(table: &Table, offsets: &[u64], rows: &RecordBatch) -> Result<RecordBatch> {
    let mut names = vec![ID_COLUMN.to_owned()];
    names.extend(
        rows.schema()
            .fields()
            .iter()
            .map(|field| field.name().clone()),
    );
    let mut columns = vec![id_array(table.id, offsets.iter().copied())];
    columns.extend(rows.columns().iter().cloned());
    named_batch(&names, columns, rows.num_rows())
}
