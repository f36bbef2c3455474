//! The schema of a graph: its node label sets, its hyperedge types with their roles, and their properties.

mod alteration;
mod change;
mod column_name;
mod constraint;
mod constraints;
mod entity_kind;
mod graph_schema;
mod hyperedge_type;
mod indexes;
mod rename;
mod rename_property;
mod roles;
mod table;

pub use alteration::{Alteration, SchemaChange, SchemaOwner, Unneeded};
pub use constraint::{Constraint, ConstraintRule};
pub use entity_kind::EntityKind;
pub use graph_schema::GraphSchema;
pub use hyperedge_type::{Cardinality, HyperedgeType, Role, SOURCE_ROLE, TARGET_ROLE};
pub use table::{LABELS_COLUMN, Property, Table, TableKind};
