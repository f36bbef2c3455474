//! `EntityKind`: node or hyperedge.

use serde::{Deserialize, Serialize};

/// Whether an entity is a node or a hyperedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EntityKind {
    /// A node.
    Node,
    /// A hyperedge.
    Hyperedge,
}
