//! `Alteration`: a change of what a schema calls its labels, types and properties, or of the roles of a type.

use std::fmt;

use super::Role;

/// One `ALTER …` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// What is altered.
    pub owner: SchemaOwner,
    /// What happens where there is no such label or type.
    pub missing_owner: Unneeded,
    /// What becomes of it.
    pub change: SchemaChange,
}

/// What an alteration is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaOwner {
    /// A hyperedge type, declared or not, by its name.
    HyperedgeType(String),
    /// A label of nodes, by its name.
    Label(String),
}

/// What becomes of a label or type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// It gets another name.
    RenameTo(String),
    /// One of its properties gets another name.
    RenameProperty {
        /// The name so far.
        from: String,
        /// The new name.
        to: String,
        /// What happens where there is no property `from`.
        missing: Unneeded,
    },
    /// One of its roles gets another name.
    RenameRole {
        /// The name so far.
        from: String,
        /// The new name.
        to: String,
        /// What happens where there is no role `from`.
        missing: Unneeded,
    },
    /// It gets a further role, which its hyperedges leave unbound.
    AddRole {
        /// The role.
        role: Role,
        /// What happens where there is this very role already.
        existing: Unneeded,
    },
    /// It loses a role, and its hyperedges their members there.
    DropRole {
        /// The role's name.
        name: String,
        /// What happens where there is no such role.
        missing: Unneeded,
    },
}

/// What happens where an alteration has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unneeded {
    /// It fails.
    Refuse,
    /// Nothing is committed.
    Skip,
}

impl SchemaOwner {
    /// The name of the label or type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::HyperedgeType(name) | Self::Label(name) => name,
        }
    }
}

/// What the history calls it.
impl fmt::Display for Alteration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.owner.name();
        match &self.change {
            SchemaChange::RenameTo(to) => write!(f, "rename {name} to {to}"),
            SchemaChange::RenameProperty { from, to, .. } => {
                write!(f, "rename property {from} of {name} to {to}")
            }
            SchemaChange::RenameRole { from, to, .. } => {
                write!(f, "rename role {from} of {name} to {to}")
            }
            SchemaChange::AddRole { role, .. } => write!(f, "add role {} to {name}", role.name),
            SchemaChange::DropRole { name: role, .. } => write!(f, "drop role {role} of {name}"),
        }
    }
}
