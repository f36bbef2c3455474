//! A transaction: a snapshot with changes on top, read like any snapshot, until it becomes one commit.

mod cells;
mod changes;
mod delete;
mod target;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{
    Cardinality, ChangeSet, EntityId, Error, GraphSchema, LABELS_COLUMN, Result, Snapshot, TableId,
    Type, Value, WriteCounts,
};

use changes::{TableChanges, change_set};
pub use view::TransactionSnapshot;

use crate::columns::column_type;
use crate::shares::Shares;

/// Changes on top of a snapshot.
///
/// They are held compactly, and in temporary files past a share of the limit of the memory that the snapshot is read in. A [`TransactionSnapshot`] shares them:
/// what is changed while one is alive is copied first, so that it still sees what was there when it was made.
#[derive(Debug)]
pub struct Transaction {
    base: Arc<dyn Snapshot>,
    schema: GraphSchema,
    tables: BTreeMap<TableId, Arc<TableChanges>>,
    counts: WriteCounts,
}

impl Transaction {
    /// No changes yet, on top of `base`.
    #[must_use]
    pub fn new(base: Arc<dyn Snapshot>) -> Self {
        let schema = (**base.schema()).clone();
        Self {
            base,
            schema,
            tables: BTreeMap::new(),
            counts: WriteCounts::default(),
        }
    }

    /// The schema with the changes.
    #[must_use]
    pub fn schema(&self) -> &GraphSchema {
        &self.schema
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> WriteCounts {
        self.counts
    }

    /// The graph as it is with the changes so far.
    #[must_use]
    pub fn snapshot(&self) -> TransactionSnapshot {
        TransactionSnapshot::new(Arc::clone(&self.base), &self.schema, &self.tables)
    }

    fn changes(&mut self, table: TableId) -> &mut TableChanges {
        let first = self
            .base
            .statistics()
            .tables
            .get(&table)
            .map_or(0, |statistics| statistics.next_offset);
        let shares = Shares::of(self.base.memory().as_ref());
        let changes = self
            .tables
            .entry(table)
            .or_insert_with(|| Arc::new(TableChanges::new(first, shares)));
        Arc::make_mut(changes)
    }

    fn create(&mut self, table: TableId) -> u64 {
        let changes = self.changes(table);
        let offset = changes.end();
        changes.created += 1;
        EntityId::new(table, offset).raw()
    }

    /// Creates a node with `labels`.
    ///
    /// # Errors
    /// `InvalidData` where a label names a declared hyperedge type.
    pub fn create_node(&mut self, labels: &[String]) -> Result<u64> {
        let table = self.schema.ensure_node_table(labels)?;
        self.counts.nodes_created += 1;
        Ok(self.create(table))
    }

    /// Creates a hyperedge of a declared type, without members yet.
    ///
    /// # Errors
    /// `NotFound` for an unknown type.
    pub fn create_hyperedge(&mut self, type_name: &str) -> Result<u64> {
        let table = self
            .schema
            .hyperedge_table(type_name)
            .map(|(table, _)| table.id)
            .ok_or_else(|| Error::not_found(format!("there is no hyperedge type `{type_name}`")))?;
        self.counts.hyperedges_created += 1;
        Ok(self.create(table))
    }

    /// Creates a binary edge; its type comes into being where there is none.
    ///
    /// # Errors
    /// `InvalidData` where the type is no binary edge.
    pub fn create_edge(&mut self, type_name: &str, source: u64, target: u64) -> Result<u64> {
        let table = self.schema.ensure_edge_table(type_name)?;
        for member in [source, target] {
            self.check_alive(member)?;
        }
        self.counts.hyperedges_created += 1;
        let id = self.create(table);
        let roles = [
            (grism_core::SOURCE_ROLE, source),
            (grism_core::TARGET_ROLE, target),
        ];
        for (role, member) in roles {
            let member = self.entity(member)?;
            // They have the names of their columns.
            self.set(id, role, member)?;
        }
        Ok(id)
    }

    /// The entity as a value.
    fn entity(&self, id: u64) -> Result<Value> {
        let table = self.schema.table(EntityId::from_raw(id).table())?;
        Ok(match table.hyperedge_type() {
            Some(_) => Value::hyperedge(id),
            None => Value::node(id),
        })
    }

    /// Sets one column of an entity: a property, a role or the labels.
    fn set(&mut self, id: u64, column: &str, value: Value) -> Result<()> {
        let id = EntityId::from_raw(id);
        self.changes(id.table())
            .cells
            .set(id.offset(), column, value)
    }

    /// Whether anything was deleted here.
    #[must_use]
    pub fn deletes(&self) -> bool {
        let mut tables = self.tables.values();
        tables.any(|changes| !changes.deleted.is_empty())
    }

    /// Whether the entity was deleted here.
    #[must_use]
    pub fn is_deleted(&self, id: u64) -> bool {
        let id = EntityId::from_raw(id);
        self.tables
            .get(&id.table())
            .is_some_and(|changes| changes.deleted.contains(id.offset()))
    }

    fn check_alive(&self, id: u64) -> Result<()> {
        if self.is_deleted(id) {
            return Err(deleted_access());
        }
        Ok(())
    }

    /// Sets a property; null removes it.
    ///
    /// # Errors
    /// `InvalidData` for a value that no property holds, or a key that is a role of a declared type.
    pub fn set_property(&mut self, id: u64, key: &str, value: Value) -> Result<()> {
        self.check_alive(id)?;
        check_storable(key, &value)?;
        let table = EntityId::from_raw(id).table();
        if !value.is_null() {
            self.schema.ensure_property(table, key, &value.type_of())?;
        }
        let Some(property) = self.schema.table(table)?.property(key) else {
            return Ok(());
        };
        let column = property.column().to_owned();
        self.counts.properties_set += 1;
        self.set(id, &column, value)
    }

    /// Sets every property that `properties` names; where `merge` is not set, all others go.
    ///
    /// # Errors
    /// As [`Self::set_property`].
    pub fn set_properties(
        &mut self,
        id: u64,
        properties: &BTreeMap<String, Value>,
        merge: bool,
    ) -> Result<()> {
        if !merge {
            let table = self.schema.table(EntityId::from_raw(id).table())?;
            let others: Vec<String> = table
                .properties
                .iter()
                .map(|property| property.name.clone())
                .filter(|name| !properties.contains_key(name))
                .collect();
            for key in others {
                self.set_property(id, &key, Value::Null)?;
            }
        }
        for (key, value) in properties {
            self.set_property(id, key, value.clone())?;
        }
        Ok(())
    }

    /// Reads one column of one entity, with the changes so far.
    async fn read(&self, id: u64, column: &str) -> Result<Value> {
        let entity = EntityId::from_raw(id);
        if let Some(changes) = self.tables.get(&entity.table()) {
            let own = changes.cells.get(entity.offset(), column)?;
            if own.is_some() || entity.offset() >= changes.first {
                return Ok(own.unwrap_or(Value::Null));
            }
        }
        let known = self.base.schema().table(entity.table()).is_ok_and(|table| {
            column_type(table, column).is_some()
                && (column != LABELS_COLUMN || !table.changed_labels.is_empty())
        });
        if !known {
            return Ok(Value::Null);
        }
        let columns = [column.to_owned()];
        let batch = self
            .base
            .take(entity.table(), &[entity.offset()], &columns)
            .await?;
        Value::from_array(batch.column(0), 0)
    }

    /// The labels of a node.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn labels(&self, id: u64) -> Result<Vec<String>> {
        if let Value::List(labels) = self.read(id, LABELS_COLUMN).await? {
            return Ok(labels
                .into_iter()
                .filter_map(|label| match label {
                    Value::String(label) => Some(label),
                    _ => None,
                })
                .collect());
        }
        let table = self.schema.table(EntityId::from_raw(id).table())?;
        Ok(table.labels().to_vec())
    }

    /// Adds labels to a node, or takes them away.
    ///
    /// # Errors
    /// `InvalidData` for a hyperedge, and for a label that names a declared type.
    pub async fn set_labels(&mut self, id: u64, labels: &[String], remove: bool) -> Result<()> {
        self.check_alive(id)?;
        let table = EntityId::from_raw(id).table();
        if self.schema.table(table)?.hyperedge_type().is_some() {
            return Err(Error::invalid_data(
                "a hyperedge has its type and no labels",
            ));
        }
        let before: BTreeSet<String> = self.labels(id).await?.into_iter().collect();
        let mut after = before.clone();
        for label in labels {
            if remove {
                after.remove(label);
            } else {
                after.insert(label.clone());
            }
        }
        if before == after {
            return Ok(());
        }
        let changed: Vec<String> = before.symmetric_difference(&after).cloned().collect();
        self.schema.change_labels(table, &changed)?;
        if remove {
            self.counts.labels_removed += changed.len() as u64;
        } else {
            self.counts.labels_added += changed.len() as u64;
        }
        let labels = Value::List(after.into_iter().map(Value::String).collect());
        self.set(id, LABELS_COLUMN, labels)
    }

    /// Binds `member` to a role of a hyperedge.
    ///
    /// # Errors
    /// `InvalidData` for an unknown role, a member of another kind, and a second member of a role that takes one.
    pub async fn bind(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        for id in [hyperedge, member] {
            self.check_alive(id)?;
        }
        let table = self.schema.table(EntityId::from_raw(hyperedge).table())?;
        let ty = table
            .hyperedge_type()
            .ok_or_else(|| Error::invalid_data("a node has no roles"))?;
        let name = ty.name.clone();
        let known = ty
            .role(role)
            .ok_or_else(|| Error::invalid_data(format!("`{name}` has no role `{role}`")))?
            .clone();
        self.check_member(&name, &known, member).await?;
        let value = self.entity(member)?;
        let column = known.column();
        let held = self.read(hyperedge, &column).await?;
        let next = match (known.cardinality, held) {
            (Cardinality::Many, Value::List(mut members)) => {
                members.push(value);
                Value::List(members)
            }
            (Cardinality::Many, _) => Value::List(vec![value]),
            (_, Value::Null) => value,
            _ => {
                return Err(Error::invalid_data(format!(
                    "the role `{role}` of `{name}` is bound once, and has a member already"
                )));
            }
        };
        self.set(hyperedge, &column, next)?;
        self.counts.members_added += 1;
        Ok(())
    }

    async fn check_member(
        &self,
        type_name: &str,
        role: &grism_core::Role,
        member: u64,
    ) -> Result<()> {
        let Some(wanted) = &role.member else {
            return Ok(());
        };
        let table = self.schema.table(EntityId::from_raw(member).table())?;
        let fits = match table.hyperedge_type() {
            Some(ty) => &ty.name == wanted,
            None => self.labels(member).await?.contains(wanted),
        };
        if fits {
            return Ok(());
        }
        Err(Error::invalid_data(format!(
            "the role `{}` of `{type_name}` binds `{wanted}`, not `{}`",
            role.name,
            table.display_name()
        )))
    }

    /// Takes a member away from a role of a hyperedge.
    ///
    /// # Errors
    /// `InvalidData` where the role does not bind it.
    pub async fn unbind(&mut self, hyperedge: u64, role: &str, position: usize) -> Result<()> {
        if self.is_deleted(hyperedge) {
            return Ok(());
        }
        let column = self.role_column(hyperedge, role)?;
        let next = match self.read(hyperedge, &column).await? {
            Value::List(mut members) if position < members.len() => {
                members.remove(position);
                Value::List(members)
            }
            Value::List(_) => return Err(Error::invalid_data("the role does not bind it")),
            _ => Value::Null,
        };
        self.set(hyperedge, &column, next)?;
        self.counts.members_removed += 1;
        Ok(())
    }

    /// Takes the first place of `member` in a role away.
    ///
    /// # Errors
    /// `NotFound` where the role does not bind it.
    pub async fn unbind_member(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        let is_member = |value: &Value| value.entity_id() == Some(member);
        let column = self.role_column(hyperedge, role)?;
        let position = match self.read(hyperedge, &column).await? {
            Value::List(members) => members.iter().position(is_member),
            value => is_member(&value).then_some(0),
        };
        let position = position.ok_or_else(|| {
            Error::not_found(format!("the role `{role}` does not bind this member"))
        })?;
        self.unbind(hyperedge, role, position).await
    }

    /// The column of a role of a hyperedge.
    ///
    /// # Errors
    /// `InvalidData` where its type has no such role.
    fn role_column(&self, hyperedge: u64, role: &str) -> Result<String> {
        let table = self.schema.table(EntityId::from_raw(hyperedge).table())?;
        let known = table.hyperedge_type().and_then(|ty| ty.role(role));
        let known = known.ok_or_else(|| {
            let name = table.display_name();
            Error::invalid_data(format!("`{name}` has no role `{role}`"))
        })?;
        Ok(known.column().into_owned())
    }

    /// Whether an entity has the id, with the changes so far.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn exists(&self, id: u64) -> Result<bool> {
        let id = EntityId::from_raw(id);
        if self.is_deleted(id.raw()) || self.schema.table(id.table()).is_err() {
            return Ok(false);
        }
        if let Some(changes) = self.tables.get(&id.table())
            && id.offset() >= changes.first
        {
            return Ok(id.offset() < changes.end());
        }
        if self.base.schema().table(id.table()).is_err() {
            return Ok(false);
        }
        let alive = self.base.alive(id.table(), &[id.offset()]).await?;
        Ok(alive == [true])
    }

    /// Checks what holds only for the whole of the changes, and makes one commit of them.
    ///
    /// # Errors
    /// `InvalidData` where a required role has no member.
    pub fn finish(self) -> Result<ChangeSet> {
        self.check()?;
        change_set(self.base.as_ref(), self.schema, self.tables)
    }

    /// Checks what holds only for the whole of the changes.
    ///
    /// # Errors
    /// `InvalidData` where a required role has no member.
    pub fn check(&self) -> Result<()> {
        for (id, changes) in &self.tables {
            let Some(ty) = self.schema.table(*id)?.hyperedge_type() else {
                continue;
            };
            let required = ty
                .roles
                .iter()
                .filter(|role| role.cardinality == Cardinality::One);
            let (names, columns): (Vec<&str>, Vec<String>) = required
                .map(|role| (role.name.as_str(), role.column().into_owned()))
                .unzip();
            if let Some(place) = changes.unbound_role(&columns)? {
                return Err(Error::invalid_data(format!(
                    "the role `{}` of `{}` is required, and a hyperedge has no member there",
                    names[place], ty.name
                )));
            }
        }
        Ok(())
    }
}

/// The error for a use of what was deleted.
pub(crate) fn deleted_access() -> Error {
    Error::not_found("a deleted entity cannot be used")
        .with_code("EntityNotFound:DeletedEntityAccess")
}

fn check_storable(key: &str, value: &Value) -> Result<()> {
    let wrong = |what: &str| {
        Err(
            Error::invalid_data(format!("the property `{key}` cannot hold {what}"))
                .with_code("TypeError:InvalidPropertyType"),
        )
    };
    if key.is_empty() {
        return Err(Error::invalid_data("a property needs a name"));
    }
    match value {
        Value::Map(_) => wrong("a map"),
        Value::Node(_) | Value::Hyperedge(_) | Value::Incidence(_) | Value::Path(_) => {
            wrong("an entity or a path")
        }
        Value::List(items) => items.iter().try_for_each(|item| match item {
            Value::List(_) => wrong("a list of lists"),
            Value::Null => wrong("a list with null in it"),
            item => check_storable(key, item),
        }),
        _ => Ok(()),
    }
}

/// The type of a stored value, for columns that are made of rows.
pub(crate) fn column_of(values: &[Value], ty: &Type) -> Result<arrow::array::ArrayRef> {
    Value::column(values, &ty.to_arrow())
}
