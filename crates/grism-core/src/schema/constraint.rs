//! Constraints: what must hold of the properties of a label or hyperedge type, whoever writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EntityKind, Table};

/// What must hold of some properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConstraintRule {
    /// No two entities have equal values; an entity without one of the values is not compared.
    Unique,
    /// Every entity has every value.
    NotNull,
    /// Both: what an entity is known by.
    Key,
}

impl ConstraintRule {
    /// Whether no two entities may have equal values.
    #[must_use]
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::Unique | Self::Key)
    }

    /// Whether every entity must have the values.
    #[must_use]
    pub const fn is_required(self) -> bool {
        matches!(self, Self::NotNull | Self::Key)
    }

    /// What a name made for a constraint ends with.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Unique => "unique",
            Self::NotNull => "not_null",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for ConstraintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unique => "UNIQUE",
            Self::NotNull => "NOT NULL",
            Self::Key => "KEY",
        })
    }
}

/// A constraint as it was declared, or as a load by a key made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name, which no other constraint has.
    pub name: String,
    /// Whether `label` is a label of nodes or a hyperedge type.
    pub entity: EntityKind,
    /// The label or hyperedge type. Nothing need have it yet.
    pub label: String,
    /// The properties: at least one, none twice.
    pub properties: Vec<String>,
    /// What must hold of them.
    pub rule: ConstraintRule,
}

impl Constraint {
    /// The name that a constraint gets where none is given, as `Person_id_key`.
    #[must_use]
    pub fn default_name(label: &str, properties: &[String], rule: ConstraintRule) -> String {
        format!("{label}_{}_{}", properties.join("_"), rule.suffix())
    }

    /// Whether `other` asks for the same, whatever the two are called.
    #[must_use]
    pub fn is_same_rule(&self, other: &Self) -> bool {
        self.entity == other.entity
            && self.label == other.label
            && self.properties == other.properties
            && self.rule == other.rule
    }

    /// Whether entities of the table are, or may be, held by the constraint.
    #[must_use]
    pub fn covers(&self, table: &Table) -> bool {
        match (self.entity, table.hyperedge_type()) {
            (EntityKind::Hyperedge, Some(ty)) => ty.name == self.label,
            (EntityKind::Node, None) => table.may_have(&self.label),
            _ => false,
        }
    }

    /// The properties as a message names them: `` `id` ``, or `` (`first`, `last`) ``.
    #[must_use]
    pub fn property_list(&self) -> String {
        let names: Vec<String> = self
            .properties
            .iter()
            .map(|own| format!("`{own}`"))
            .collect();
        match &names[..] {
            [only] => only.clone(),
            _ => format!("({})", names.join(", ")),
        }
    }

    /// The property that alone is the key of the entities.
    pub(super) fn single_key(&self) -> Option<&str> {
        match (&self.properties[..], self.rule) {
            ([only], ConstraintRule::Key) => Some(only),
            _ => None,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} of `{}`",
            self.rule,
            self.property_list(),
            self.label
        )
    }
}
