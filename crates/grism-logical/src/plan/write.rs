//! Plans that write: what a clause creates, merges, sets or deletes for each row of its input.

use grism_core::Type;
use serde::{Deserialize, Serialize};

use super::{LogicalPlan, SharedPlan};
use crate::Column;

/// A clause that writes. It runs by itself, since what it creates may be named by the clause after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// Makes the columns that the write reads, on top of the rows before.
    pub input: SharedPlan,
    /// What is written.
    pub kind: WriteKind,
}

impl Write {
    /// The columns that the clause adds, with what is known of their types before it has run.
    pub(super) fn columns(&self) -> Vec<Column> {
        match &self.kind {
            WriteKind::Create(created) => created.columns(),
            WriteKind::Merge(merge) => {
                let variables = merge.variables.iter();
                variables
                    .map(|(name, ty)| Column::new(name, ty.clone()))
                    .collect()
            }
            WriteKind::Set(_) | WriteKind::Delete { .. } => Vec::new(),
        }
    }
}

/// What a clause writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        /// What becomes of their relationships.
        mode: DeleteMode,
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
            Self::Delete {
                mode: DeleteMode::Alone,
                ..
            } => "Delete",
            Self::Delete {
                mode: DeleteMode::Detach,
                ..
            } => "DetachDelete",
        }
    }
}

/// What DELETE does with what binds a deleted entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleteMode {
    /// DELETE, which fails where an entity that stays binds one of them.
    Alone,
    /// DETACH DELETE: relationships are deleted too.
    Detach,
}

/// What is created for a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

impl Created {
    /// The columns of what is created; the tables are known once it is.
    fn columns(&self) -> Vec<Column> {
        let entities = self.entities.iter().map(|own| {
            let ty = match own.hyperedge_type {
                Some(_) => Type::Hyperedge([].into()),
                None => Type::Node([].into()),
            };
            Column::new(&own.column, ty)
        });
        let edges = self.edges.iter();
        let edges = edges.map(|own| Column::new(&own.column, Type::Hyperedge([].into())));
        let paths = self.paths.iter();
        let paths = paths.map(|(column, _)| Column::new(column, Type::Path));
        entities.chain(edges).chain(paths).collect()
    }
}

/// A node, or a hyperedge of a declared type, that is created for a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreatedIncidence {
    /// The column of the hyperedge.
    pub hyperedge: String,
    /// The role.
    pub role: String,
    /// The column of the member.
    pub member: String,
}

/// What MERGE does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What a map of properties does with those that it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PropertiesMode {
    /// They stay: `+=`.
    Merge,
    /// They are removed: `=`.
    Replace,
}

/// What is done with labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LabelChange {
    /// They are added.
    Add,
    /// They are removed.
    Remove,
}

/// One item of SET or REMOVE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        /// What becomes of the other properties.
        mode: PropertiesMode,
    },
    /// `entity:Label`, or its removal.
    Labels {
        /// The entity's column, with its type.
        entity: (String, Type),
        /// The labels.
        labels: Vec<String>,
        /// Whether they are added or removed.
        change: LabelChange,
    },
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{Internal, PlanSchema};

    pub(in crate::plan) fn node() -> String {
        let (what, number) = ("node", 1);
        Internal::Bound { what, number }.column()
    }

    /// A node, a hyperedge that binds it, and an edge from it to `x`.
    pub(in crate::plan) fn pattern() -> Created {
        let entity = |column: &str, hyperedge_type: Option<&str>| CreatedEntity {
            column: column.to_owned(),
            labels: vec!["A".to_owned(), "B".to_owned()],
            hyperedge_type: hyperedge_type.map(str::to_owned),
            properties: None,
        };
        Created {
            entities: vec![entity("a", None), entity(&node(), Some("MEETING"))],
            edges: vec![CreatedEdge {
                column: "r".to_owned(),
                type_name: "KNOWS".to_owned(),
                source: "a".to_owned(),
                target: "x".to_owned(),
                undirected: false,
                properties: None,
                or_member: false,
            }],
            incidences: vec![CreatedIncidence {
                hyperedge: node(),
                role: "organizer".to_owned(),
                member: "a".to_owned(),
            }],
            paths: vec![("w".to_owned(), vec!["a".to_owned()])],
        }
    }

    fn over_x(kind: WriteKind) -> LogicalPlan {
        let columns = vec![Column::new("x", Type::Int64)];
        LogicalPlan::Write(Write {
            input: SharedPlan::new(LogicalPlan::Argument(PlanSchema::new(columns))),
            kind,
        })
    }

    #[test]
    fn a_write_adds_the_columns_that_it_creates() {
        let create = over_x(WriteKind::Create(pattern()));
        let schema = create.schema().unwrap();
        assert!(schema.names().eq(["x", "a", &node(), "r", "w"]));
        let delete = over_x(WriteKind::Delete {
            targets: vec![("x".to_owned(), Type::Any)],
            mode: DeleteMode::Detach,
        });
        assert!(delete.schema().unwrap().names().eq(["x"]));
        assert!(create.argument_columns().contains("x"));
    }

    #[test]
    fn writes_travel_as_other_plans_do() {
        let item = SetItem::Labels {
            entity: ("x".to_owned(), Type::Any),
            labels: vec!["A".to_owned()],
            change: LabelChange::Remove,
        };
        for kind in [
            WriteKind::Create(pattern()),
            WriteKind::Set(vec![item]),
            WriteKind::Merge(Box::new(MergeWrite {
                created: pattern(),
                found: "found".to_owned(),
                keys: vec![("x".to_owned(), Type::Int64)],
                variables: Vec::new(),
                on_create: Some((LogicalPlan::Unit, Vec::new())),
                on_match: None,
            })),
        ] {
            let plan = over_x(kind);
            let text = serde_json::to_string(&plan).unwrap();
            assert_eq!(serde_json::from_str::<LogicalPlan>(&text).unwrap(), plan);
        }
    }
}
