//! Indexes: what is kept beside a property so that rows are found by it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an index finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IndexKind {
    /// Rows whose property equals a value: a B-tree.
    Range,
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Range => "RANGE",
        })
    }
}

/// An index as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDefinition {
    /// Its name, which no other index has.
    pub name: String,
    /// The label or hyperedge type of the rows.
    pub label: String,
    /// The property.
    pub property: String,
    /// What it finds.
    pub kind: IndexKind,
}
