//! `Table`: what holds the nodes born with one label set, or the hyperedges of one type.

use serde::{Deserialize, Serialize};

use super::HyperedgeType;
use super::column_name::column_name;
use crate::{TableId, Type};

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

    /// The column of the property called `name`, or the one that it gets when it is created: of plain characters, which do
    /// not begin like the columns of Grism and its storages, and without `~`, since a storage adds `~` and a number for
    /// further columns of one property.
    #[must_use]
    pub fn column_for(&self, name: &str) -> String {
        if let Some(property) = self.property(name) {
            return property.column().to_owned();
        }
        let is_taken = |column: &str| {
            let ty = self.hyperedge_type();
            ty.is_some_and(|ty| ty.role_in(column).is_some()) || self.property_in(column).is_some()
        };
        let mut column = column_name(name).into_owned();
        while is_taken(&column) {
            column.push_str("~property");
        }
        column
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
