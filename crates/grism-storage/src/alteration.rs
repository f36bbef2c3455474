//! Alterations of a schema as commits: names change in the schema, and only the rows that hold a name themselves are changed.

mod rows;

use std::sync::Arc;

use grism_core::{
    Alteration, AppendedRows, Cardinality, ChangeSet, Error, GraphSchema, PropertyStatistics,
    Result, Role, SchemaChange, SchemaOwner, Snapshot, TableId, Unneeded, nearest,
};

use self::rows::{holds, moved_values, relabeled};

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
    let is_constrained = |schema: &GraphSchema| {
        let mut tables = schema.node_tables();
        tables.any(|table| table.may_have(label) && schema.constrains(table, from))
    };
    is_known |= is_indexed(&changes.schema) || is_constrained(&changes.schema);
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
    let hint = nearest(from, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    Err(Error::not_found(format!(
        "`{label}` has no property `{from}`{hint}"
    )))
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
    let is_named = schema.constrains(entry, name)
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
