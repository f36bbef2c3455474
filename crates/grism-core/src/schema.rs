//! The schema of a graph: its node label sets, its hyperedge types with their roles, and their properties.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, IndexDefinition, Result, TableId, Tables, Type, nearest};

/// The first role of every binary edge.
pub const SOURCE_ROLE: &str = "source";
/// The second role of every binary edge.
pub const TARGET_ROLE: &str = "target";

/// The column of a table of nodes that holds the current labels of those whose labels have changed.
pub const LABELS_COLUMN: &str = "_labels";

/// Whether an entity is a node or a hyperedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntityKind {
    /// A node.
    Node,
    /// A hyperedge.
    Hyperedge,
}

/// A property of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// The property's key.
    pub name: String,
    /// The type of its values.
    pub value_type: Type,
}

/// How often one hyperedge binds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cardinality {
    /// Exactly once.
    One,
    /// At most once; written `?`.
    Optional,
    /// Any number of times, in order; written `*`.
    Many,
}

/// A named position of a hyperedge type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The role's name.
    pub name: String,
    /// The label, or the hyperedge type, of its members; `None` where any entity may be bound.
    pub member: Option<String>,
    /// How often it is bound.
    pub cardinality: Cardinality,
}

/// A hyperedge type and its roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HyperedgeType {
    /// The type's name.
    pub name: String,
    /// Its roles, in the order of declaration.
    pub roles: Vec<Role>,
    /// Whether it was declared; a binary edge type may come into being at first use.
    pub declared: bool,
}

impl HyperedgeType {
    /// The undeclared binary edge type `name`.
    #[must_use]
    pub fn binary_edge(name: impl Into<String>) -> Self {
        let role = |name: &str| Role {
            name: name.to_owned(),
            member: None,
            cardinality: Cardinality::One,
        };
        Self {
            name: name.into(),
            roles: vec![role(SOURCE_ROLE), role(TARGET_ROLE)],
            declared: false,
        }
    }

    /// Whether the roles are exactly `source` and `target`, each bound once.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        matches!(&self.roles[..], [a, b] if a.name == SOURCE_ROLE && b.name == TARGET_ROLE
            && a.cardinality == Cardinality::One && b.cardinality == Cardinality::One)
    }

    /// The role called `name`.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }
}

impl fmt::Display for HyperedgeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.name)?;
        for (index, role) in self.roles.iter().enumerate() {
            write!(f, "{}{}", if index > 0 { ", " } else { "" }, role.name)?;
            if let Some(member) = &role.member {
                write!(f, " {member}")?;
            }
            f.write_str(match role.cardinality {
                Cardinality::One => "",
                Cardinality::Optional => "?",
                Cardinality::Many => "*",
            })?;
        }
        f.write_str(")")
    }
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    /// Nodes that were born with exactly these labels, which are sorted.
    Nodes {
        /// The label set.
        labels: Vec<String>,
    },
    /// Hyperedges of one type.
    Hyperedges(HyperedgeType),
}

/// A table of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The table's number.
    pub id: TableId,
    /// What it holds.
    pub kind: TableKind,
    /// Its properties, in the order they came into being.
    pub properties: Vec<Property>,
    /// The property that names a node for loads; `None` before the first load by key.
    pub key: Option<String>,
    /// Labels that some of its nodes have got, or lost, since they were born; sorted. The column [`LABELS_COLUMN`]
    /// tells which.
    #[serde(default)]
    pub changed_labels: Vec<String>,
}

impl Table {
    /// The property called `name`.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }

    /// The hyperedge type, unless the table holds nodes.
    #[must_use]
    pub fn hyperedge_type(&self) -> Option<&HyperedgeType> {
        match &self.kind {
            TableKind::Hyperedges(hyperedge_type) => Some(hyperedge_type),
            TableKind::Nodes { .. } => None,
        }
    }

    /// The labels of the nodes; empty for hyperedges.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        match &self.kind {
            TableKind::Nodes { labels } => labels,
            TableKind::Hyperedges(_) => &[],
        }
    }

    /// Whether some node of the table may have `label`.
    #[must_use]
    pub fn may_have(&self, label: &str) -> bool {
        let labels = self.labels().iter().chain(&self.changed_labels);
        labels.into_iter().any(|own| own == label)
    }

    /// Whether every node of the table has `label`.
    #[must_use]
    pub fn always_has(&self, label: &str) -> bool {
        self.labels().iter().any(|own| own == label)
            && !self.changed_labels.iter().any(|own| own == label)
    }

    /// The table's name in plans: its labels joined by `&`, or its type.
    #[must_use]
    pub fn display_name(&self) -> String {
        match &self.kind {
            TableKind::Nodes { labels } => labels.join("&"),
            TableKind::Hyperedges(hyperedge_type) => hyperedge_type.name.clone(),
        }
    }
}

/// The schema of one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSchema {
    tables: BTreeMap<TableId, Table>,
    next_table: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<IndexDefinition>,
}

impl GraphSchema {
    /// The indexes.
    #[must_use]
    pub fn indexes(&self) -> &[IndexDefinition] {
        &self.indexes
    }

    /// The indexes of the rows of `table`.
    pub fn indexes_of<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a IndexDefinition> {
        self.indexes
            .iter()
            .filter(|index| match table.hyperedge_type() {
                Some(ty) => ty.name == index.label,
                None => table.may_have(&index.label),
            })
    }

    /// Declares an index.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken; `NotFound` for an unknown label, type or property.
    pub fn add_index(&mut self, index: IndexDefinition) -> Result<()> {
        if self.indexes.iter().any(|own| own.name == index.name) {
            return Err(Error::invalid_data(format!(
                "there is an index `{}` already",
                index.name
            )));
        }
        let own: Vec<&Table> = match self.hyperedge_table(&index.label) {
            Some((table, _)) => vec![table],
            None => self
                .node_tables()
                .filter(|table| table.may_have(&index.label))
                .collect(),
        };
        if own.is_empty() {
            return Err(Error::not_found(format!(
                "there is no label or hyperedge type `{}`",
                index.label
            )));
        }
        if !own
            .iter()
            .any(|table| table.property(&index.property).is_some())
        {
            let known = own.iter().flat_map(|table| &table.properties);
            let hint = nearest(&index.property, known.map(|own| own.name.as_str()))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::not_found(format!(
                "`{}` has no property `{}`{hint}",
                index.label, index.property
            )));
        }
        self.indexes.push(index);
        Ok(())
    }

    /// Takes an index away.
    ///
    /// # Errors
    /// `NotFound` where there is none of the name.
    pub fn drop_index(&mut self, name: &str) -> Result<()> {
        let before = self.indexes.len();
        self.indexes.retain(|own| own.name != name);
        if self.indexes.len() < before {
            return Ok(());
        }
        let hint = nearest(name, self.indexes.iter().map(|own| own.name.as_str()))
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Err(Error::not_found(format!(
            "there is no index `{name}`{hint}"
        )))
    }

    /// Every table, by number.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// One table.
    ///
    /// # Errors
    /// `Internal`: plans name only tables of their own snapshot.
    pub fn table(&self, id: TableId) -> Result<&Table> {
        self.tables
            .get(&id)
            .ok_or_else(|| Error::internal(format!("the snapshot has no table {id}")))
    }

    /// Every table of nodes.
    pub fn node_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables
            .values()
            .filter(|table| matches!(table.kind, TableKind::Nodes { .. }))
    }

    /// Every table of hyperedges, with its type.
    pub fn hyperedge_tables(&self) -> impl Iterator<Item = (&Table, &HyperedgeType)> {
        self.tables.values().filter_map(|table| {
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

    /// The tables whose entities a role may bind.
    #[must_use]
    pub fn member_tables(&self, role: &Role) -> Tables {
        match &role.member {
            None => self.tables.keys().copied().collect(),
            Some(name) => match self.hyperedge_table(name) {
                Some((table, _)) => [table.id].into(),
                None => self.tables_with_label(name),
            },
        }
    }

    /// Adds a table and returns its number.
    ///
    /// # Errors
    /// `ResourceExhausted` past the last table number.
    pub fn add_table(&mut self, kind: TableKind) -> Result<TableId> {
        let id = TableId::try_new(self.next_table)?;
        self.next_table += 1;
        self.tables.insert(
            id,
            Table {
                id,
                kind,
                properties: Vec::new(),
                key: None,
                changed_labels: Vec::new(),
            },
        );
        Ok(id)
    }

    /// The table of nodes born with `labels`, added where there is none yet.
    ///
    /// # Errors
    /// `ResourceExhausted` past the last table number; `InvalidData` where a label names a declared hyperedge type.
    pub fn ensure_node_table(&mut self, labels: &[String]) -> Result<TableId> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        labels.dedup();
        if let Some(table) = self.node_table(&labels) {
            return Ok(table.id);
        }
        for label in &labels {
            self.check_label(label)?;
        }
        self.add_table(TableKind::Nodes { labels })
    }

    /// Declares a hyperedge type.
    ///
    /// # Errors
    /// `InvalidData` where the name is taken, a role stands twice or a role has no name.
    pub fn declare(&mut self, hyperedge_type: HyperedgeType) -> Result<TableId> {
        let name = &hyperedge_type.name;
        if self.hyperedge_table(name).is_some() {
            return Err(Error::invalid_data(format!(
                "the hyperedge type `{name}` exists already"
            )));
        }
        if self.labels().contains(&name.as_str()) {
            return Err(Error::invalid_data(format!(
                "`{name}` is a node label: labels and types share one namespace"
            )));
        }
        for (index, role) in hyperedge_type.roles.iter().enumerate() {
            if hyperedge_type.roles[..index]
                .iter()
                .any(|other| other.name == role.name)
            {
                return Err(Error::invalid_data(format!(
                    "the role `{}` of `{name}` stands twice",
                    role.name
                )));
            }
        }
        if hyperedge_type.roles.is_empty() {
            return Err(Error::invalid_data(format!(
                "the hyperedge type `{name}` needs at least one role"
            )));
        }
        self.add_table(TableKind::Hyperedges(hyperedge_type))
    }

    /// The table of the binary edge type `name`, added where there is no hyperedge type of that name.
    ///
    /// # Errors
    /// `InvalidData` where the name is a declared type that is no binary edge.
    pub fn ensure_edge_table(&mut self, name: &str) -> Result<TableId> {
        match self.hyperedge_table(name) {
            Some((table, hyperedge_type)) if hyperedge_type.is_binary() => Ok(table.id),
            Some(_) => Err(Error::invalid_data(format!(
                "`{name}` is a hyperedge type, not a relationship"
            ))),
            None => self.add_table(TableKind::Hyperedges(HyperedgeType::binary_edge(name))),
        }
    }

    /// Notes that some nodes of `table` have got or lost `labels` since they were born.
    ///
    /// # Errors
    /// `InvalidData` where a label names a declared hyperedge type.
    pub fn change_labels(&mut self, table: TableId, labels: &[String]) -> Result<()> {
        for label in labels {
            self.check_label(label)?;
        }
        if let Some(entry) = self.tables.get_mut(&table) {
            entry.changed_labels.extend(labels.iter().cloned());
            entry.changed_labels.sort_unstable();
            entry.changed_labels.dedup();
        }
        Ok(())
    }

    fn check_label(&self, label: &str) -> Result<()> {
        let declared = |(_, ty): (&Table, &HyperedgeType)| ty.declared;
        if self.hyperedge_table(label).is_some_and(declared) {
            return Err(Error::invalid_data(format!(
                "`{label}` is a declared hyperedge type: labels and types share one namespace"
            )));
        }
        Ok(())
    }

    /// Removes the hyperedge type `name` and returns its table.
    ///
    /// # Errors
    /// `NotFound` where there is no such type.
    pub fn drop_type(&mut self, name: &str) -> Result<TableId> {
        let id = self
            .hyperedge_table(name)
            .map(|(table, _)| table.id)
            .ok_or_else(|| Error::not_found(format!("there is no hyperedge type `{name}`")))?;
        self.tables.remove(&id);
        self.indexes.retain(|index| index.label != name);
        Ok(id)
    }

    /// Adds the property `name` to `table`, or widens its type so that it holds values of `value_type` too.
    ///
    /// # Errors
    /// `InvalidData` for a name that a role bears, or that is Grism's own.
    pub fn ensure_property(&mut self, table: TableId, name: &str, value_type: &Type) -> Result<()> {
        let entry = self
            .tables
            .get_mut(&table)
            .ok_or_else(|| Error::internal(format!("the schema has no table {table}")))?;
        let owner = entry.display_name();
        if entry
            .hyperedge_type()
            .is_some_and(|hyperedge_type| hyperedge_type.role(name).is_some())
        {
            return Err(Error::invalid_data(format!(
                "`{name}` is a role of `{owner}` and cannot be a property too"
            )));
        }
        if name.starts_with('_') && [crate::ID_COLUMN, LABELS_COLUMN, "_rowid"].contains(&name) {
            return Err(Error::invalid_data(format!(
                "a property cannot be called `{name}`"
            )));
        }
        match entry
            .properties
            .iter_mut()
            .find(|property| property.name == name)
        {
            None => entry.properties.push(Property {
                name: name.to_owned(),
                value_type: value_type.clone(),
            }),
            Some(property) if &property.value_type == value_type || value_type == &Type::Null => {}
            Some(property) if property.value_type == Type::Null => {
                property.value_type = value_type.clone()
            }
            // A stored value is never rewritten: the column holds values of any type from now on.
            Some(property) => property.value_type = property.value_type.unify(value_type),
        }
        Ok(())
    }

    /// Names the key property of a table of nodes.
    pub fn set_key(&mut self, table: TableId, key: &str) {
        if let Some(entry) = self.tables.get_mut(&table) {
            entry.key.get_or_insert_with(|| key.to_owned());
        }
    }
}
