//! Planning of the labels and hyperedge types whose entities a load binds by their keys.

use std::sync::Arc;

use arrow::datatypes::DataType;
use grism_core::{
    Cardinality, ChangeSet, Error, HyperedgeType, Result, Snapshot, TableId, Tables, nearest,
};

use super::keys::{KeyIndex, key_of};
use super::label_plan::LabelPlan;
use super::options::MissingMember;
use super::shared_keys::SharedKeys;

/// The property that new nodes are known by where no node of their label told another.
const NEW_KEY: &str = "id";

/// The plan of a label or type that roles bind, and the type of its keys where something tells it.
///
/// # Errors
/// `NotFound` for an unknown label; `InvalidData` where its entities have no key.
pub(super) async fn label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
    target: TableId,
    missing: MissingMember,
    keys: usize,
    shared: &SharedKeys,
) -> Result<(LabelPlan, Option<DataType>)> {
    let own = changes.schema.hyperedge_table(&label);
    if let Some((table, ty)) = own {
        let table = table.id;
        let not_created = not_created(ty, table == target);
        let (plan, key_type) = type_plan(snapshot, changes, label, table, keys, shared).await?;
        let plan = LabelPlan {
            not_created,
            ..plan
        };
        return Ok((plan, Some(key_type)));
    }
    if missing == MissingMember::Create && is_new(snapshot, &label)? {
        return Ok((new_label_plan(snapshot, changes, label, keys)?, None));
    }
    let (plan, key_type) = node_label_plan(snapshot, changes, label, keys, shared).await?;
    Ok((plan, Some(key_type)))
}

/// Why hyperedges are not created for those that bind them; they are where they may bind nothing.
fn not_created(ty: &HyperedgeType, is_target: bool) -> Option<String> {
    let name = &ty.name;
    if is_target {
        return Some(format!(
            "creating missing members of `{name}` by a load of `{name}`: load those that others bind first"
        ));
    }
    let mut roles = ty.roles.iter();
    let required = roles.find(|role| role.cardinality == Cardinality::One)?;
    Some(format!(
        "creating missing members of `{name}`, which must bind `{}`: load them first, or have such rows rejected",
        required.name
    ))
}

/// The plan of a hyperedge type, and the type of its key.
async fn type_plan(
    snapshot: &dyn Snapshot,
    changes: &ChangeSet,
    label: String,
    table: TableId,
    keys: usize,
    shared: &SharedKeys,
) -> Result<(LabelPlan, DataType)> {
    let entry = changes.schema.table(table)?;
    let tables: Tables = [table].into();
    let key = key_of(&changes.schema, &tables, &label)?;
    let is_stored = snapshot.schema().table(table).is_ok();
    let known = if is_stored { tables } else { Tables::default() };
    let plan = LabelPlan {
        index: shared.of(snapshot, &known, &label, &key, keys).await?,
        key_column: entry.column_for(&key),
        table,
        next_offset: next_offset(snapshot, table),
        not_created: None,
        label,
        key,
    };
    let key_type = entry.property(&plan.key);
    let key_type = key_type.map_or(DataType::Null, |key| key.value_type.to_arrow());
    Ok((plan, or_text(key_type)))
}

/// Keys that are all null so far may become texts.
fn or_text(key_type: DataType) -> DataType {
    match key_type {
        DataType::Null => DataType::Utf8,
        other => other,
    }
}

/// Whether no node has a label, and nothing tells what such nodes are known by.
fn is_new(snapshot: &dyn Snapshot, label: &str) -> Result<bool> {
    for table in snapshot.schema().tables_with_label(label).iter() {
        let is_known = snapshot.schema().table(*table)?.key.is_some();
        if is_known || snapshot.statistics().rows(*table) > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The plan of a label that no node has yet: those that are bound are created.
fn new_label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
    keys: usize,
) -> Result<LabelPlan> {
    let labels = std::slice::from_ref(&label);
    let table = changes.schema.ensure_node_table(labels)?;
    // Unless a key was declared before there were nodes.
    changes.schema.set_key(table, NEW_KEY);
    let key = key_of(&changes.schema, &[table].into(), &label)?;
    Ok(LabelPlan {
        index: Arc::new(KeyIndex::new(keys).frozen()),
        table,
        key_column: changes.schema.table(table)?.column_for(&key),
        key,
        next_offset: next_offset(snapshot, table),
        not_created: None,
        label,
    })
}

/// The plan of a label that nodes have, and the type of their key.
async fn node_label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
    keys: usize,
    shared: &SharedKeys,
) -> Result<(LabelPlan, DataType)> {
    let schema = snapshot.schema();
    let tables = schema.tables_with_label(&label);
    if tables.is_empty() {
        let hint = nearest(&label, schema.labels())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Error::not_found(format!(
            "there are no nodes of `{label}`{hint}; load them first, or have missing members created"
        )));
    }
    let key = key_of(schema, &tables, &label)?;
    let known = tables.iter().filter_map(|table| {
        let property = schema.table(*table).ok()?.property(&key)?;
        Some(property.value_type.to_arrow())
    });
    let key_type = known
        .into_iter()
        .find(|key_type| key_type != &DataType::Null)
        .unwrap_or(DataType::Null);
    // Nodes that are created have this label and no other.
    let table = match schema.node_table(std::slice::from_ref(&label)) {
        Some(table) => table.id,
        None => {
            let table = changes
                .schema
                .ensure_node_table(std::slice::from_ref(&label))?;
            changes.schema.set_key(table, &key);
            table
        }
    };
    let plan = LabelPlan {
        index: shared.of(snapshot, &tables, &label, &key, keys).await?,
        key_column: changes.schema.table(table)?.column_for(&key),
        table,
        key,
        next_offset: next_offset(snapshot, table),
        not_created: None,
        label,
    };
    Ok((plan, or_text(key_type)))
}

/// The offset that the next row of a table gets.
fn next_offset(snapshot: &dyn Snapshot, table: TableId) -> u64 {
    let statistics = snapshot.statistics().tables.get(&table);
    statistics.map_or(0, |statistics| statistics.next_offset)
}
