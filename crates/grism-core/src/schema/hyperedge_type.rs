//! `HyperedgeType`: a type and its roles.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::column_name::column_name;

/// The first role of every binary edge.
pub const SOURCE_ROLE: &str = "source";
/// The second role of every binary edge.
pub const TARGET_ROLE: &str = "target";

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
    /// The column of its members, where that does not follow from the name; see [`Self::column`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<String>,
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

impl Role {
    /// The role `name`, whose members have the label or type `member`.
    #[must_use]
    pub fn new(name: impl Into<String>, member: Option<String>, cardinality: Cardinality) -> Self {
        Self {
            name: name.into(),
            member,
            cardinality,
            column: None,
        }
    }

    /// The name of the column that holds the role's members, which no property of the type has: the name that the role was
    /// declared with, where every storage takes that and no other column of the table has or had it.
    #[must_use]
    pub fn column(&self) -> Cow<'_, str> {
        match &self.column {
            Some(column) => Cow::Borrowed(column),
            None => column_name(&self.name),
        }
    }

    /// Whether both are declared by the same words, whatever their columns.
    #[must_use]
    pub fn is_declared_as(&self, other: &Self) -> bool {
        let words = |role: &Self| (role.name.clone(), role.member.clone(), role.cardinality);
        words(self) == words(other)
    }

    /// Lets the role have `column`.
    pub(super) fn set_column(&mut self, column: String) {
        self.column = (column != column_name(&self.name)).then_some(column);
    }
}

impl HyperedgeType {
    /// The undeclared binary edge type `name`.
    #[must_use]
    pub fn binary_edge(name: impl Into<String>) -> Self {
        let role = |name: &str| Role::new(name, None, Cardinality::One);
        Self {
            name: name.into(),
            roles: vec![role(SOURCE_ROLE), role(TARGET_ROLE)],
            declared: false,
        }
    }

    /// Whether both have the same roles in the same order, whatever their columns.
    #[must_use]
    pub fn has_roles_of(&self, other: &Self) -> bool {
        let mut pairs = self.roles.iter().zip(&other.roles);
        self.roles.len() == other.roles.len() && pairs.all(|(a, b)| a.is_declared_as(b))
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

    /// The role whose members the column `column` holds.
    #[must_use]
    pub fn role_in(&self, column: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.column() == column)
    }

    /// What the role that `before`, this type at an earlier time, called `role` is called now; `None` where it was dropped.
    #[must_use]
    pub fn later_name(&self, before: &Self, role: &str) -> Option<&str> {
        let column = before.role(role)?.column();
        self.role_in(&column).map(|role| role.name.as_str())
    }

    /// The columns of the roles, in the order of declaration.
    #[must_use]
    pub fn role_columns(&self) -> Vec<String> {
        let columns = self.roles.iter().map(|role| role.column().into_owned());
        columns.collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(member) = &self.member {
            write!(f, " {member}")?;
        }
        f.write_str(match self.cardinality {
            Cardinality::One => "",
            Cardinality::Optional => "?",
            Cardinality::Many => "*",
        })
    }
}

impl fmt::Display for HyperedgeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.name)?;
        for (index, role) in self.roles.iter().enumerate() {
            write!(f, "{}{role}", if index > 0 { ", " } else { "" })?;
        }
        f.write_str(")")
    }
}
