//! `Table`: what holds the nodes born with one label set, or the hyperedges of one type.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::column_name::column_name;
use super::{HyperedgeType, Role};
use crate::{Error, Result, TableId, Type};

/// The column of a table of nodes that holds the current labels of those whose labels have changed.
pub const LABELS_COLUMN: &str = "_labels";

/// A property of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// The property's key.
    pub name: String,
    /// The type of its values.
    pub value_type: Type,
    /// The column of its values, where it is not called like the property; see [`Self::column`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
}

impl Property {
    /// The column of the table that holds the values. It has the property's name where every storage takes that and no role
    /// of the table has it; otherwise another name is chosen when the property is created, which never changes.
    #[must_use]
    pub fn column(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }

    /// Gives the property another name; its column stays.
    pub(super) fn rename(&mut self, name: &str) {
        let column = self.column().to_owned();
        name.clone_into(&mut self.name);
        self.column = (column != name).then_some(column);
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
    /// The property that alone is the key of what the table holds, as loads use it: what the constraints of its only label, or
    /// of its type, say ([`crate::GraphSchema::set_key`]).
    pub key: Option<String>,
    /// Columns of roles and properties that were dropped, whose values may still be stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) retired_columns: Vec<String>,
    /// The names of the roles that the type was declared with, where its roles were altered since; otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) first_roles: Vec<String>,
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

    /// The property whose values the column `column` holds.
    #[must_use]
    pub fn property_in(&self, column: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.column() == column)
    }

    /// What the property that `before`, this table at an earlier time, called `name` is called now; `None` where it was
    /// dropped.
    #[must_use]
    pub fn later_name(&self, before: &Self, name: &str) -> Option<&str> {
        let column = before.property(name)?.column();
        self.property_in(column)
            .map(|property| property.name.as_str())
    }

    /// Whether what was planned for `planned`, this table at another time, reads the same here: the table has its name, and
    /// every role and property that both have has one name and one column.
    #[must_use]
    pub fn agrees_with(&self, planned: &Self) -> bool {
        let properties = planned.properties.iter().all(|property| {
            let by_name = self.property(&property.name).map(Property::column);
            let by_column = self.property_in(property.column());
            by_name.is_none_or(|column| column == property.column())
                && by_column.is_none_or(|own| own.name == property.name)
        });
        let roles = match (self.hyperedge_type(), planned.hyperedge_type()) {
            (Some(own), Some(planned)) => planned.roles.iter().all(|role| {
                let by_name = own.role(&role.name).map(Role::column);
                let by_column = own.role_in(&role.column());
                by_name.is_none_or(|column| column == role.column())
                    && by_column.is_none_or(|own| own.name == role.name)
            }),
            (None, None) => true,
            _ => false,
        };
        properties && roles && self.display_name() == planned.display_name()
    }

    /// The column of the property called `name`, or the one that it gets when it is created: of plain characters, which do
    /// not begin like the columns of Grism and its storages, and without `~`, since a storage adds `~` and a number for
    /// further columns of one property.
    #[must_use]
    pub fn column_for(&self, name: &str) -> String {
        if let Some(property) = self.property(name) {
            return property.column().to_owned();
        }
        self.free_column(name, "~property")
    }

    /// A column for `name` that nothing of the table has or had; `ending` is appended while the name is taken.
    pub(super) fn free_column(&self, name: &str, ending: &str) -> String {
        let mut column = column_name(name).into_owned();
        while self.has_had_column(&column) {
            column.push_str(ending);
        }
        column
    }

    /// Whether a role or property has or had the column.
    fn has_had_column(&self, column: &str) -> bool {
        let of_role = |role: &Role| role.column() == column;
        // Datasets of older versions have the names of roles as columns.
        let mut first = self.first_role_columns();
        let mut roles = self.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
        roles.any(of_role)
            || first.any(|(name, own)| name == column || own == column)
            || self.property_in(column).is_some()
            || self.retired_columns.iter().any(|own| own == column)
    }

    /// The names of the roles that the type was declared with, with the columns that these gave.
    pub fn first_role_columns(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let roles = self.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
        let current = roles
            .filter(|_| self.first_roles.is_empty())
            .map(|role| role.name.as_str());
        let names = current.chain(self.first_roles.iter().map(String::as_str));
        names.map(|name| (name, column_name(name)))
    }

    /// # Errors
    /// `InvalidData` for a name that no property of the table can have: that of a role of a declared type.
    pub(super) fn check_property_name(&self, name: &str) -> Result<()> {
        let owner = self.display_name();
        let ty = self.hyperedge_type();
        if ty.is_some_and(|ty| ty.declared && ty.role(name).is_some()) {
            return Err(Error::invalid_data(format!(
                "`{name}` is a role of `{owner}` and cannot be a property too"
            )));
        }
        Ok(())
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
