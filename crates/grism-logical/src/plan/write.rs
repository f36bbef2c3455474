//! Plans that write: what a clause creates, merges, sets or deletes for each row of its input.

use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::Type;
use serde::{Deserialize, Serialize};

use super::LogicalPlan;
use crate::{Column, PlanSchema};

/// A clause that writes. It runs by itself, since what it creates may be named by the clause after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// Makes the columns that the write reads, on top of the rows before.
    pub input: Arc<LogicalPlan>,
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

    /// The columns that the input has, and those that the clause adds.
    pub(super) fn schema(&self, input: &PlanSchema) -> PlanSchema {
        let mut schema = input.clone();
        for column in self.columns() {
            schema.put(column);
        }
        schema
    }

    /// The node's own line.
    pub(crate) fn describe(&self) -> String {
        let what = match &self.kind {
            WriteKind::Create(created) => created.describe(),
            WriteKind::Merge(merge) => merge.created.describe(),
            WriteKind::Set(items) => {
                let items: Vec<String> = items.iter().map(SetItem::describe).collect();
                items.join(", ")
            }
            WriteKind::Delete { targets, .. } => {
                let targets: Vec<&str> = targets.iter().map(|(name, _)| name.as_str()).collect();
                targets.join(", ")
            }
        };
        format!("{}({what})", self.kind.name())
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

    /// What is created, as a pattern.
    fn describe(&self) -> String {
        let mut text = String::new();
        for own in &self.entities {
            let labels = match &own.hyperedge_type {
                Some(name) => name.clone(),
                None => own.labels.join("&"),
            };
            let _ = write!(text, ", ({})", labelled(&own.column, &labels));
        }
        for own in &self.edges {
            let edge = labelled(&own.column, &own.type_name);
            let arrow = if own.undirected { "-" } else { "->" };
            let (source, target) = (labelled(&own.source, ""), labelled(&own.target, ""));
            let _ = write!(text, ", ({source})-[{edge}]{arrow}({target})");
        }
        for own in &self.incidences {
            let hyperedge = labelled(&own.hyperedge, "");
            let (role, member) = (&own.role, labelled(&own.member, ""));
            let _ = write!(text, ", ({hyperedge})-[:{role}]->({member})");
        }
        text.trim_start_matches(", ").to_owned()
    }
}

/// `column:labels`, with either part left out where it says nothing.
fn labelled(column: &str, labels: &str) -> String {
    let column = if column.starts_with('#') { "" } else { column };
    match labels.is_empty() {
        true => column.to_owned(),
        false => format!("{column}:{labels}"),
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

impl SetItem {
    /// The item, as plans show it.
    fn describe(&self) -> String {
        match self {
            Self::Property { entity, key, value } => format!("{}.{key} = {}", entity.0, value.0),
            Self::Properties {
                entity,
                value,
                merge,
            } => {
                let operator = if *merge { "+=" } else { "=" };
                format!("{} {operator} {}", entity.0, value.0)
            }
            Self::Labels {
                entity,
                labels,
                remove,
            } => {
                let sign = if *remove { "-" } else { "" };
                format!("{sign}{}:{}", entity.0, labels.join(":"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern() -> Created {
        let entity = |column: &str, hyperedge_type: Option<&str>| CreatedEntity {
            column: column.to_owned(),
            labels: vec!["A".to_owned(), "B".to_owned()],
            hyperedge_type: hyperedge_type.map(str::to_owned),
            properties: None,
        };
        Created {
            entities: vec![entity("a", None), entity("#node1", Some("MEETING"))],
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
                hyperedge: "#node1".to_owned(),
                role: "organizer".to_owned(),
                member: "a".to_owned(),
            }],
            paths: vec![("w".to_owned(), vec!["a".to_owned()])],
        }
    }

    fn over_x(kind: WriteKind) -> LogicalPlan {
        let columns = vec![Column::new("x", Type::Int64)];
        LogicalPlan::Write(Write {
            input: Arc::new(LogicalPlan::Argument(PlanSchema::new(columns))),
            kind,
        })
    }

    #[test]
    fn a_write_adds_the_columns_that_it_creates_and_is_shown_as_a_pattern() {
        let create = over_x(WriteKind::Create(pattern()));
        let schema = create.schema().unwrap();
        assert!(schema.names().eq(["x", "a", "#node1", "r", "w"]));
        assert_eq!(
            create.describe(),
            "Create((a:A&B), (:MEETING), (a)-[r:KNOWS]->(x), ()-[:organizer]->(a))"
        );
        let delete = over_x(WriteKind::Delete {
            targets: vec![("x".to_owned(), Type::Any)],
            detach: true,
        });
        assert!(delete.schema().unwrap().names().eq(["x"]));
        assert_eq!(delete.describe(), "DetachDelete(x)");
        assert!(create.argument_columns().contains("x"));
    }

    #[test]
    fn writes_travel_as_other_plans_do() {
        let item = SetItem::Labels {
            entity: ("x".to_owned(), Type::Any),
            labels: vec!["A".to_owned()],
            remove: true,
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
