//! The rows that an alteration changes: those that hold a label by its name, and values that move to another column.

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    AppendedRows, Error, GraphSchema, ID_COLUMN, LABELS_COLUMN, Property, Result, RowBuffer,
    Snapshot, Table, TableId, Type, Value, batches_of,
};

use crate::all_rows::all_rows;
use crate::columns::{has_label, named_batch};
use crate::shares::Shares;

/// Whether rows of the table may hold `label` in their column of labels.
pub(super) fn holds(table: &Table, label: &str) -> bool {
    !table.changed_labels.is_empty() && table.may_have(label)
}

/// The rows of a table that hold the label `from` themselves, with `to` in its place.
pub(super) async fn relabeled(
    snapshot: &dyn Snapshot,
    table: &Table,
    from: &str,
    to: &str,
) -> Result<Vec<AppendedRows>> {
    let mut rows = waiting_rows(snapshot);
    let mut batches = all_rows(snapshot, table.id, &[LABELS_COLUMN.to_owned()]);
    while let Some(batch) = batches.try_next().await? {
        let labels = column(&batch, LABELS_COLUMN)?;
        let (mut places, mut values) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            let Value::List(mut labels) = Value::from_array(labels, row)? else {
                continue;
            };
            let is_own = |label: &Value| matches!(label, Value::String(label) if label == from);
            if let Some(place) = labels.iter().position(is_own) {
                labels[place] = Value::String(to.to_owned());
                labels.sort_by(|a, b| match (a, b) {
                    (Value::String(a), Value::String(b)) => a.cmp(b),
                    _ => std::cmp::Ordering::Equal,
                });
                places.push(row as u64);
                values.push(Value::List(labels));
            }
        }
        let labels = Value::column(&values, &Type::String.list().to_arrow())?;
        rows.push(changed_rows(&batch, places, vec![(LABELS_COLUMN, labels)])?)?;
    }
    rows.finish()
}

/// The rows of a table that have `label` and a value of the property `from`, which moves to `to`.
///
/// # Errors
/// `InvalidData` where one of them has a value of `to` already.
pub(super) async fn moved_values(
    snapshot: &dyn Snapshot,
    schema: &mut GraphSchema,
    table: TableId,
    label: &str,
    (from, to): (&str, &str),
) -> Result<Vec<AppendedRows>> {
    let before = snapshot.schema().table(table)?;
    // A column of the null type holds nothing.
    let has_values = |own: &&Property| own.value_type != Type::Null;
    let Some(old) = before.property(from).filter(has_values) else {
        return Ok(Vec::new());
    };
    let target = before.property(to).filter(has_values);
    let columns = [
        Some(LABELS_COLUMN),
        Some(old.column()),
        target.map(|own| own.column()),
    ];
    let columns: Vec<String> = columns.into_iter().flatten().map(str::to_owned).collect();
    let mut found = waiting_rows(snapshot);
    let mut batches = all_rows(snapshot, table, &columns);
    while let Some(batch) = batches.try_next().await? {
        let labels = column(&batch, LABELS_COLUMN)?.as_list_opt::<i32>();
        let values = column(&batch, old.column())?;
        let others = target.map(|own| column(&batch, own.column())).transpose()?;
        let mut places = Vec::new();
        for row in 0..batch.num_rows() {
            if !values.is_valid(row) || !has_label(labels, row, before, label) {
                continue;
            }
            if others.is_some_and(|others| others.is_valid(row)) {
                return Err(Error::invalid_data(format!(
                    "a node of `{label}` has the properties `{from}` and `{to}`: remove one of them first"
                )));
            }
            places.push(row as u64);
        }
        let places = UInt64Array::from(places);
        let values = take(values, &places, None)?;
        found.push(changed_rows(
            &batch,
            places.values().to_vec(),
            vec![(old.column(), values)],
        )?)?;
    }
    let found = found.finish()?;
    if found.is_empty() {
        return Ok(found);
    }
    if before.property(to).is_none() {
        before.check_new_property(to)?;
    }
    schema.ensure_property(table, to, &old.value_type)?;
    let new = schema.table(table)?.property(to).cloned();
    let new = new.ok_or_else(|| Error::internal("a property that was not added"))?;
    let mut moved = waiting_rows(snapshot);
    for batch in batches_of(found) {
        let batch = batch?;
        let values = column(&batch, old.column())?;
        let values: Vec<Value> = (0..values.len())
            .map(|row| Value::from_array(values, row))
            .collect::<Result<_>>()?;
        let values = Value::column(&values, &new.value_type.to_arrow())?;
        let nulls = new_null_array(&old.value_type.to_arrow(), batch.num_rows());
        let rows = (0..batch.num_rows() as u64).collect();
        let columns = vec![(old.column(), nulls), (new.column(), values)];
        moved.push(changed_rows(&batch, rows, columns)?)?;
    }
    moved.finish()
}

/// Rows that wait for their commit on `snapshot`.
fn waiting_rows(snapshot: &dyn Snapshot) -> RowBuffer {
    let memory = snapshot.memory();
    RowBuffer::new(Shares::of(memory.as_ref()).waiting_bytes() / 2, memory)
}

/// Changes of the rows of a batch at `places`: their ids, then `columns`.
fn changed_rows(
    batch: &RecordBatch,
    places: Vec<u64>,
    columns: Vec<(&str, ArrayRef)>,
) -> Result<RecordBatch> {
    let rows = places.len();
    let ids = column(batch, ID_COLUMN)?;
    let ids = ids.as_primitive_opt::<UInt64Type>();
    let ids = ids.ok_or_else(|| Error::internal("a scan without ids"))?;
    let places = UInt64Array::from(places);
    let (mut names, mut arrays) = (vec![ID_COLUMN.to_owned()], vec![take(ids, &places, None)?]);
    for (name, array) in columns {
        names.push(name.to_owned());
        arrays.push(array);
    }
    named_batch(&names, arrays, rows)
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let column = batch.column_by_name(name);
    column.ok_or_else(|| Error::internal(format!("a scan without its column `{name}`")))
}
