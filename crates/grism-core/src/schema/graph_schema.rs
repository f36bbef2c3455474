//! `GraphSchema`: the tables, indexes and constraints of one snapshot, and how they are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Constraint, HyperedgeType, Role, Table, TableKind};
use crate::{Error, IndexDefinition, Result, TableId, Tables, Type};

/// The schema of one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredSchema")]
pub struct GraphSchema {
    /// Shared with the schemas of other snapshots, as far as they have not changed.
    pub(super) tables: BTreeMap<TableId, Arc<Table>>,
    pub(super) next_table: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) indexes: Vec<IndexDefinition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) constraints: Vec<Constraint>,
}

/// A schema as it is read. Graphs that were written before there were constraints have keys of tables alone.
#[derive(Deserialize)]
struct StoredSchema {
    tables: BTreeMap<TableId, Table>,
    next_table: u16,
    #[serde(default)]
    indexes: Vec<IndexDefinition>,
    #[serde(default)]
    constraints: Vec<Constraint>,
}

impl From<StoredSchema> for GraphSchema {
    fn from(stored: StoredSchema) -> Self {
        let mut schema = Self {
            tables: stored
                .tables
                .into_iter()
                .map(|(id, table)| (id, Arc::new(table)))
                .collect(),
            next_table: stored.next_table,
            indexes: stored.indexes,
            constraints: stored.constraints,
        };
        schema.adopt_keys();
        schema
    }
}

impl GraphSchema {
    /// Every table, by number.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().map(AsRef::as_ref)
    }

    /// One table.
    ///
    /// # Errors
    /// `Internal`: plans name only tables of their own snapshot.
    pub fn table(&self, id: TableId) -> Result<&Table> {
        self.tables
            .get(&id)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::internal(format!("the snapshot has no table {id}")))
    }

    /// Takes over the tables and constraints that `changed` has otherwise than `base`, of which it and this schema were made. A table that
    /// both have changed is the one of `changed`.
    ///
    /// # Errors
    /// `Internal` where both have added a table of one number.
    pub fn take_over(&mut self, base: &Self, changed: &Self) -> Result<()> {
        for (id, table) in &changed.tables {
            let is_same = |other: &Arc<Table>| Arc::ptr_eq(other, table);
            if base.tables.get(id).is_some_and(is_same) {
                continue;
            }
            let own = self.tables.get(id);
            if !base.tables.contains_key(id) && own.is_some_and(|own| own.kind != table.kind) {
                return Err(Error::internal("two changes of a schema add one table"));
            }
            self.tables.insert(*id, Arc::clone(table));
        }
        self.next_table = self.next_table.max(changed.next_table);
        for constraint in &changed.constraints {
            if !base.constraints.contains(constraint) && !self.constraints.contains(constraint) {
                self.constraints.push(constraint.clone());
            }
        }
        Ok(())
    }

    /// Every table of nodes.
    pub fn node_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables()
            .filter(|table| matches!(table.kind, TableKind::Nodes { .. }))
    }

    /// Every table of hyperedges, with its type.
    pub fn hyperedge_tables(&self) -> impl Iterator<Item = (&Table, &HyperedgeType)> {
        self.tables().filter_map(|table| {
            table
                .hyperedge_type()
                .map(|hyperedge_type| (table, hyperedge_type))
        })
    }

    /// The tables whose nodes have `label`, or may have it.
    #[must_use]
    pub fn tables_with_label(&self, label: &str) -> Tables {
        self.node_tables()
            .filter(|table| table.may_have(label))
            .map(|table| table.id)
            .collect()
    }

    /// The table of nodes born with exactly `labels`, which are sorted.
    #[must_use]
    pub fn node_table(&self, labels: &[String]) -> Option<&Table> {
        self.node_tables().find(|table| table.labels() == labels)
    }

    /// The table and roles of the hyperedge type `name`.
    #[must_use]
    pub fn hyperedge_table(&self, name: &str) -> Option<(&Table, &HyperedgeType)> {
        self.hyperedge_tables()
            .find(|(_, hyperedge_type)| hyperedge_type.name == name)
    }

    /// Every label in use.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let mut labels: Vec<&str> = self
            .node_tables()
            .flat_map(|table| table.labels().iter().chain(&table.changed_labels))
            .map(String::as_str)
            .collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// The tables of the entities that an unlabelled variable ranges over: nodes, and hyperedges of declared types with roles
    /// of their own. A binary edge is an entity only where its declared type is named.
    #[must_use]
    pub fn entity_tables(&self) -> Tables {
        let of_entities = self.tables().filter(|table| {
            let hyperedge_type = table.hyperedge_type();
            hyperedge_type.is_none_or(|ty| ty.declared && !ty.is_binary())
        });
        of_entities.map(|table| table.id).collect()
    }

    /// The type of an entity of these tables.
    #[must_use]
    pub fn entity_type(&self, tables: Tables) -> Type {
        let is_hyperedge = |table: &&TableId| {
            let table = self.table(**table);
            table.is_ok_and(|table| table.hyperedge_type().is_some())
        };
        let hyperedges: Tables = tables.iter().filter(is_hyperedge).copied().collect();
        match hyperedges.len() {
            0 => Type::Node(tables),
            count if count == tables.len() => Type::Hyperedge(tables),
            _ => Type::Entity { tables, hyperedges },
        }
    }

    /// The tables whose entities a role may bind.
    #[must_use]
    pub fn member_tables(&self, role: &Role) -> Tables {
        match &role.member {
            None => self.entity_tables(),
            Some(name) => match self.hyperedge_table(name) {
                Some((table, _)) => [table.id].into(),
                None => self.tables_with_label(name),
            },
        }
    }
}
