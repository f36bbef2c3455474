//! What a clause that writes is bound to.

use grism_core::Type;
use grism_logical::LogicalPlan;

use crate::binder::names::Scope;
use crate::warning::Warning;

/// A clause that writes.
#[derive(Clone, Debug)]
pub struct BoundWrite {
    /// Makes the columns that the write reads, on top of the rows before.
    pub plan: LogicalPlan,
    /// What is written.
    pub kind: WriteKind,
    /// The variables after the clause; those it creates have no type until it ran.
    pub scope: Scope,
    /// Makes names of internal columns differ.
    pub counter: usize,
    /// What is odd about the clause.
    pub warnings: Vec<Warning>,
}

/// What a clause writes.
#[derive(Clone, Debug)]
pub enum WriteKind {
    /// CREATE.
    Create(Created),
    /// MERGE.
    Merge(Box<MergeWrite>),
    /// SET and REMOVE.
    Set(Vec<SetItem>),
    /// DELETE of the entities in these columns.
    Delete {
        /// The columns, with their types.
        targets: Vec<(String, Type)>,
        /// Whether relationships go along.
        detach: bool,
    },
}

impl WriteKind {
    /// The clause, as plans name it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "Create",
            Self::Merge(_) => "Merge",
            Self::Set(_) => "Set",
            Self::Delete { detach: false, .. } => "Delete",
            Self::Delete { detach: true, .. } => "DetachDelete",
        }
    }
}

/// What is created for a row.
#[derive(Clone, Debug, Default)]
pub struct Created {
    /// Nodes and hyperedges of declared types, in the order of the pattern.
    pub entities: Vec<CreatedEntity>,
    /// Binary edges.
    pub edges: Vec<CreatedEdge>,
    /// Members that are bound to hyperedges.
    pub incidences: Vec<CreatedIncidence>,
    /// Path variables: a variable's column and the columns of the path's elements.
    pub paths: Vec<(String, Vec<String>)>,
}

/// A node, or a hyperedge of a declared type, that is created for a row.
#[derive(Clone, Debug)]
pub struct CreatedEntity {
    /// The column of its id.
    pub column: String,
    /// The node's labels.
    pub labels: Vec<String>,
    /// The hyperedge's type; `None` for a node.
    pub hyperedge_type: Option<String>,
    /// The column of the map of its properties; `None` where it has none.
    pub properties: Option<String>,
}

/// A binary edge that is created for a row.
#[derive(Clone, Debug)]
pub struct CreatedEdge {
    /// The column of its id.
    pub column: String,
    /// Its type.
    pub type_name: String,
    /// The column of the entity it starts from.
    pub source: String,
    /// The column of the entity it leads to.
    pub target: String,
    /// Whether MERGE takes it in either direction.
    pub undirected: bool,
    /// The column of the map of its properties; `None` where it has none.
    pub properties: Option<String>,
    /// Whether it may start from a hyperedge that has a role of its type's name: what it leads to becomes a member there.
    pub or_member: bool,
}

/// A member that is bound to a hyperedge for a row.
#[derive(Clone, Debug)]
pub struct CreatedIncidence {
    /// The column of the hyperedge.
    pub hyperedge: String,
    /// The role.
    pub role: String,
    /// The column of the member.
    pub member: String,
}

/// What MERGE does.
#[derive(Clone, Debug)]
pub struct MergeWrite {
    /// What is created where the pattern is not found.
    pub created: Created,
    /// The column that is true where the pattern was found.
    pub found: String,
    /// The columns that tell which rows look for the same.
    pub keys: Vec<(String, Type)>,
    /// The columns of the pattern's new variables.
    pub variables: Vec<(String, Type)>,
    /// What is set on what was created: a plan over the rows, and the items.
    pub on_create: Option<(LogicalPlan, Vec<SetItem>)>,
    /// What is set on what was found.
    pub on_match: Option<(LogicalPlan, Vec<SetItem>)>,
}

/// One item of SET or REMOVE.
#[derive(Clone, Debug)]
pub enum SetItem {
    /// `entity.key = value`; null removes.
    Property {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The key.
        key: String,
        /// The value's column, with its type.
        value: (String, Type),
    },
    /// `entity = map` or, where it merges, `entity += map`.
    Properties {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The column of the map.
        value: (String, Type),
        /// Whether other properties stay.
        merge: bool,
    },
    /// `entity:Label`, or its removal.
    Labels {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The labels.
        labels: Vec<String>,
        /// Whether they go.
        remove: bool,
    },
}
