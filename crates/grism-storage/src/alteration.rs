//! Alterations of a schema as commits: names change in the schema, and only the rows that hold a name themselves are changed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    Alteration, AppendedRows, Cardinality, ChangeSet, Error, GraphSchema, ID_COLUMN, LABELS_COLUMN,
    Property, PropertyStatistics, Result, Role, RowBuffer, SchemaChange, SchemaOwner, Snapshot,
    Table, TableId, Type, Unneeded, Value,
};

use crate::all_rows::all_rows;
use crate::columns::{has_label, named_batch};
use crate::memory_limit::waiting_bytes;

/// The changes that an alteration makes on top of `snapshot`; `None` where there is nothing to do and that is no error.
///
/// # Errors
/// `NotFound` for what does not exist; `InvalidData` for a name that is taken, and for roles that cannot be altered so.
pub async fn alter_into(
    snapshot: &Arc<dyn Snapshot>,
    alteration: &Alteration,
) -> Result<Option<ChangeSet>> {
    let mut changes = ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone())
        .with_operation(alteration.to_string());
    let schema = snapshot.schema();
    let is_known = match &alteration.owner {
        SchemaOwner::HyperedgeType(name) => schema.hyperedge_table(name).is_some(),
        SchemaOwner::Label(name) => schema.knows_label(name),
    };
    if !is_known && alteration.missing_owner == Unneeded::Skip {
        return Ok(None);
    }
    let is_made = match &alteration.owner {
        SchemaOwner::HyperedgeType(name) => alter_type(
            snapshot.as_ref(),
            &mut changes.schema,
            name,
            &alteration.change,
        )?,
        SchemaOwner::Label(name) => {
            alter_label(snapshot.as_ref(), &mut changes, name, &alteration.change).await?
        }
    };
    Ok(is_made.then_some(changes))
}

/// Alters a hyperedge type; whether there was something to do.
fn alter_type(
    snapshot: &dyn Snapshot,
    schema: &mut GraphSchema,
    name: &str,
    change: &SchemaChange,
) -> Result<bool> {
    let known = schema.hyperedge_table(name);
    let has_role = |role: &str| known.is_some_and(|(_, ty)| ty.role(role).is_some());
    match change {
        SchemaChange::RenameTo(to) => schema.rename_type(name, to)?,
        SchemaChange::RenameProperty { from, to, missing } => {
            let table = known.map(|(table, _)| table);
            if let Some(table) = table {
                let is_known = table.property(from).is_some();
                if !is_known && *missing == Unneeded::Skip {
                    return Ok(false);
                }
                let id = table.id;
                if is_known {
                    retire_empty(snapshot, schema, id, to)?;
                }
            }
            schema.rename_type_property(name, from, to)?;
        }
        SchemaChange::RenameRole { from, to, missing } => {
            if known.is_some() && !has_role(from) && *missing == Unneeded::Skip {
                return Ok(false);
            }
            if let Some((table, _)) = known {
                let id = table.id;
                retire_empty(snapshot, schema, id, to)?;
            }
            schema.rename_role(name, from, to)?;
        }
        SchemaChange::AddRole { role, existing } => {
            if let Some((table, ty)) = known {
                let own = ty.role(&role.name).filter(|_| *existing == Unneeded::Skip);
                if let Some(own) = own {
                    return unchanged_role(name, own, role);
                }
                let rows = snapshot.statistics().rows(table.id);
                if role.cardinality == Cardinality::One && rows > 0 {
                    return Err(Error::invalid_data(format!(
                        "`{name}` has {rows} hyperedges, which would leave the required role `{0}` unbound: add `{0}?`, which \
                         is bound at most once, or `{0}*`",
                        role.name
                    )));
                }
            }
            if let Some((table, _)) = known {
                let id = table.id;
                retire_empty(snapshot, schema, id, &role.name)?;
            }
            schema.add_role(name, role.clone())?;
        }
        SchemaChange::DropRole {
            name: role,
            missing,
        } => {
            if known.is_some() && !has_role(role) && *missing == Unneeded::Skip {
                return Ok(false);
            }
            schema.drop_role(name, role)?;
        }
    }
    Ok(true)
}

/// Whether there is something to do where a role is there already: not where it is the one that is to be added.
fn unchanged_role(type_name: &str, own: &Role, asked: &Role) -> Result<bool> {
    if own.is_declared_as(asked) {
        return Ok(false);
    }
    Err(Error::invalid_data(format!(
        "`{type_name}` has a role {own} already, which differs from {asked}"
    )))
}

/// Alters a label; whether there was something to do.
async fn alter_label(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: &str,
    change: &SchemaChange,
) -> Result<bool> {
    match change {
        SchemaChange::RenameTo(to) => {
            let before = changes.schema.clone();
            changes.schema.rename_label(label, to)?;
            for table in before.node_tables().filter(|table| holds(table, label)) {
                let rows = relabeled(snapshot, table, label, to).await?;
                put(changes, table.id, rows);
            }
            Ok(true)
        }
        SchemaChange::RenameProperty { from, to, missing } => {
            rename_label_property(snapshot, changes, label, (from, to), *missing).await
        }
        SchemaChange::RenameRole { .. }
        | SchemaChange::AddRole { .. }
        | SchemaChange::DropRole { .. } => Err(Error::invalid_query(format!(
            "`{label}` is a label, which has no roles: those are of hyperedge types"
        ))),
    }
}

/// Whether rows of the table may hold `label` in their column of labels.
fn holds(table: &Table, label: &str) -> bool {
    !table.changed_labels.is_empty() && table.may_have(label)
}

/// The rows of a table that hold the label `from` themselves, with `to` in its place.
async fn relabeled(
    snapshot: &dyn Snapshot,
    table: &Table,
    from: &str,
    to: &str,
) -> Result<Vec<AppendedRows>> {
    let mut rows = RowBuffer::new(waiting_bytes() / 2);
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

/// Renames a property of the nodes of a label; whether there was something to do.
async fn rename_label_property(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: &str,
    (from, to): (&str, &str),
    missing: Unneeded,
) -> Result<bool> {
    let (whole, part) = changes.schema.parted_tables(label);
    let mut is_known = false;
    for table in whole {
        if changes.schema.table(table)?.property(from).is_some() {
            is_known = true;
            retire_empty(snapshot, &mut changes.schema, table, to)?;
        }
    }
    let is_indexed = |schema: &GraphSchema| {
        let mut indexes = schema.indexes().iter();
        indexes.any(|index| index.label == label && index.property == from)
    };
    is_known |= is_indexed(&changes.schema);
    changes.schema.rename_label_property(label, from, to)?;
    for table in part {
        let rows = moved_values(snapshot, &mut changes.schema, table, label, (from, to)).await?;
        is_known |= !rows.is_empty();
        put(changes, table, rows);
    }
    if is_known || missing == Unneeded::Skip {
        return Ok(is_known);
    }
    let schema = snapshot.schema();
    let tables = schema.node_tables().filter(|table| table.may_have(label));
    let known = tables.flat_map(|table| &table.properties);
    let known = known.map(|property| property.name.as_str());
    let hint = grism_core::nearest(from, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    Err(Error::not_found(format!(
        "`{label}` has no property `{from}`{hint}"
    )))
}

/// The rows of a table that have `label` and a value of the property `from`, which moves to `to`.
///
/// # Errors
/// `InvalidData` where one of them has a value of `to` already.
async fn moved_values(
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
    let mut found = RowBuffer::new(waiting_bytes() / 2);
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
        let places = arrow::array::UInt64Array::from(places);
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
    let mut moved = RowBuffer::new(waiting_bytes() / 2);
    for batch in grism_core::batches_of(found) {
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

/// Takes the property `name` from a table where no row has a value of it, and nothing else names it: then the name is free.
fn retire_empty(
    snapshot: &dyn Snapshot,
    schema: &mut GraphSchema,
    table: TableId,
    name: &str,
) -> Result<()> {
    let statistics = snapshot.statistics().tables.get(&table);
    let own = statistics.and_then(|own| own.properties.get(name));
    let is_empty = own.is_some_and(|own: &PropertyStatistics| own.values == 0);
    let entry = schema.table(table)?;
    let is_named = entry.key.as_deref() == Some(name)
        || schema.indexes_of(entry).any(|index| index.property == name);
    if is_empty && !is_named {
        schema.retire_property(table, name);
    }
    Ok(())
}

fn put(changes: &mut ChangeSet, table: TableId, rows: Vec<AppendedRows>) {
    if !rows.is_empty() {
        changes.updates.insert(table, rows);
    }
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
    let places = arrow::array::UInt64Array::from(places);
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
