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
    /// The name of the column that holds the role's members, which no property of the type has: the role's name, where every
    /// storage takes it.
    #[must_use]
    pub fn column(&self) -> Cow<'_, str> {
        column_name(&self.name)
    }
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

    /// The role whose members the column `column` holds.
    #[must_use]
    pub fn role_in(&self, column: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.column() == column)
    }

    /// The columns of the roles, in the order of declaration.
    #[must_use]
    pub fn role_columns(&self) -> Vec<String> {
        let columns = self.roles.iter().map(|role| role.column().into_owned());
        columns.collect()
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
