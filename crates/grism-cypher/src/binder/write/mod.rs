//! Clauses that write: what they find out before anything is changed.

mod create;
mod merge;
mod set;

use std::ops::Range;
use std::sync::Arc;

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, LogicalPlan};

use crate::binder::Binder;
use crate::binder::scope::Scope;
use crate::syntax::{Clause, ClauseKind, Expr, ExprKind};
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

impl Binder<'_> {
    pub(crate) fn write(
        mut self,
        clause: &Clause,
        patterns: Option<&Range<usize>>,
    ) -> Result<BoundWrite> {
        let kind = match &clause.kind {
            ClauseKind::Create(pattern) => {
                let paths = match patterns {
                    Some(range) => &pattern.paths[range.clone()],
                    None => &pattern.paths[..],
                };
                WriteKind::Create(self.create(paths, false)?)
            }
            ClauseKind::Merge(merge) => self.merge(merge)?,
            ClauseKind::Set(set) => WriteKind::Set(self.set(set)?),
            ClauseKind::Remove(items) => {
                let items = items.iter().map(|item| self.remove(item));
                WriteKind::Set(items.collect::<Result<_>>()?)
            }
            ClauseKind::Delete(delete) => self.delete(delete)?,
            _ => return Err(self.source.unsupported("this clause", clause.span)),
        };
        self.flush_pending()?;
        Ok(BoundWrite {
            plan: self.plan,
            kind,
            scope: self.scope,
            counter: self.counter,
            warnings: self.warnings,
        })
    }

    /// The expression as a column of the plan.
    fn computed(&mut self, expression: LogicalExpr, stem: &str) -> Result<String> {
        self.flush_pending()?;
        let name = self.internal_name(stem);
        let input = Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit));
        self.plan = crate::binder::with_column(input, expression, name.clone())?;
        Ok(name)
    }

    fn property_map(&mut self, properties: Option<&Expr>) -> Result<Option<String>> {
        let Some(properties) = properties else {
            return Ok(None);
        };
        let map = self.expression(properties)?;
        // The actions of a MERGE read what its pattern creates.
        if let ExprKind::Map(entries) = &properties.kind {
            let keys = entries.iter().map(|entry| entry.key.text.clone());
            self.setting.extend(keys);
        }
        let known = self.columns()?;
        if map.columns().iter().any(|column| !known.contains(column)) {
            return Err(self.source.unsupported(
                "reading what the same pattern creates; use two patterns",
                properties.span,
            ));
        }
        let ty = self.type_of(&map, properties)?;
        if !matches!(ty, Type::Map(_) | Type::Any | Type::Null) {
            return Err(self
                .source
                .invalid(format!("properties are a map, not {ty}"), properties.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
        let map = map.convert(&ty, &Type::Any);
        self.computed(map, "properties").map(Some)
    }
}
