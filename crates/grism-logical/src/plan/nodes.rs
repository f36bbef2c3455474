//! What the nodes of a logical plan say.

use grism_core::{IndexDefinition, SOURCE_ROLE, ScanPredicate, TARGET_ROLE, Tables, Type};
use serde::{Deserialize, Serialize};

use super::SharedPlan;
use crate::{Column, LogicalExpr, NamedAggregate, NamedExpr};

/// A property that a plan reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyRef {
    /// The property's key.
    pub key: String,
    /// The type of the column.
    pub ty: Type,
}

/// Reads the nodes of some tables: `variable`, then `variable.key` for each property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeScan {
    /// The column of ids.
    pub variable: String,
    /// What they are: nodes or, where no label says so, entities of both kinds.
    pub ty: Type,
    /// The tables that are read.
    pub tables: Tables,
    /// The label as the query names it, for plans; empty for any.
    pub label: String,
    /// Properties read along.
    pub properties: Vec<PropertyRef>,
    /// Rows that pass.
    pub predicate: ScanPredicate,
    /// The index that finds them; `None` reads everything.
    #[serde(default)]
    pub index: Option<String>,
}

/// Looks for the entities that fit best, by a vector or text index, for each row of the input: input columns, then the
/// entity and its score. What fits best comes first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexLookup {
    /// The rows to look for.
    pub input: SharedPlan,
    /// The index.
    pub index: IndexDefinition,
    /// The tables that are searched.
    pub tables: Tables,
    /// A list of numbers, or a text; nothing is found for null.
    pub target: LogicalExpr,
    /// How many entities are wanted for a row; `None` wants all that fit at all.
    pub count: Option<LogicalExpr>,
    /// The column of entities.
    pub entity: String,
    /// Their type.
    pub entity_type: Type,
    /// The column of scores, floats.
    pub score: String,
}

/// How one role of a hyperedge is bound to a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleBinding {
    /// The role, or the roles of which any may be bound.
    pub roles: Vec<String>,
    /// The column of member ids.
    pub member: String,
    /// The member's type.
    pub member_type: Type,
    /// Tables the member must come from; `None` where the declared member type says so already.
    pub restrict: Option<Tables>,
    /// The column of the incidence, where the query or the uniqueness of incidences needs it.
    pub incidence: Option<String>,
    /// Whether it may bind an incidence that another binding, or the step that leads to the hyperedge, takes as well.
    #[serde(default)]
    pub repeats: bool,
}

/// Reads the hyperedges of some types with any number of their roles at once: a star.
///
/// Output: `variable`, the member of each binding (and its incidence), then `variable.key` for each property. A
/// hyperedge gives one row for each way of binding the roles to different incidences, but for bindings that repeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperedgeScan {
    /// The column of hyperedge ids.
    pub variable: String,
    /// The types' tables.
    pub tables: Tables,
    /// The type as the query names it, for plans.
    pub label: String,
    /// The bound roles.
    pub bindings: Vec<RoleBinding>,
    /// Properties read along.
    pub properties: Vec<PropertyRef>,
    /// Rows that pass.
    pub predicate: ScanPredicate,
    /// The index that finds them; `None` reads everything.
    #[serde(default)]
    pub index: Option<String>,
}

/// Which way a binary edge is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From source to target.
    Out,
    /// From target to source.
    In,
    /// Either way; a self-loop counts once.
    Both,
}

impl Direction {
    /// The same edges as seen from their other ends.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Both => Self::Both,
        }
    }

    /// The roles in whose lists the edges of a node stand, and the number of the one in which self-loops are left out: a
    /// self-loop stands in both lists, and counts once.
    #[must_use]
    pub const fn roles(self) -> (&'static [&'static str], Option<usize>) {
        match self {
            Self::Out => (&[SOURCE_ROLE], None),
            Self::In => (&[TARGET_ROLE], None),
            Self::Both => (&[SOURCE_ROLE, TARGET_ROLE], Some(1)),
        }
    }
}

/// Follows binary edges from a bound node: input columns, then the edge (where named), then the node reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeExpand {
    /// Rows to expand.
    pub input: SharedPlan,
    /// The column expansion starts from.
    pub from: String,
    /// Tables of the edge types.
    pub tables: Tables,
    /// The types as the query names them, for plans.
    pub label: String,
    /// Which way.
    pub direction: Direction,
    /// The column of edge ids; `None` where nothing needs them.
    pub edge: Option<String>,
    /// The column of ids reached.
    pub to: String,
    /// Its type.
    pub to_type: Type,
    /// Tables the node reached must come from; `None` for any.
    pub restrict: Option<Tables>,
    /// Whether `to` is a column of the input, so that only edges to that node are followed: this closes a cycle.
    pub into: bool,
}

/// What a [`CountExpand`] counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CountedHop {
    /// Binary edges.
    Edges(Direction),
    /// Incidences in these roles.
    Roles(Vec<String>),
}

/// Counts the edges or incidences of a bound entity without following them: input columns, then the count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountExpand {
    /// Rows to count for.
    pub input: SharedPlan,
    /// The column of the entity; where it is null the count is 0.
    pub from: String,
    /// Tables of the hyperedges.
    pub tables: Tables,
    /// What is counted.
    pub hop: CountedHop,
    /// The types as the query names them, for plans.
    pub label: String,
    /// Of binary edges: tables the node at the other end must come from; `None` for any.
    pub restrict: Option<Tables>,
    /// Columns of hyperedges that are not counted.
    pub except: Vec<String>,
    /// The column of counts.
    pub count: String,
}

/// Where a role expansion starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoleSource {
    /// From a bound member, through its incidence lists, to the hyperedges that bind it.
    Member {
        /// The member's column.
        column: String,
        /// The roles it is bound through.
        roles: Vec<String>,
        /// The column of the incidence, where needed.
        incidence: Option<String>,
        /// Whether a binding may take the same incidence.
        #[serde(default)]
        repeats: bool,
    },
    /// From a bound hyperedge.
    Hyperedge,
}

/// Goes from a member to its hyperedges, or from a hyperedge, and on to any number of other members: one hop of an
/// n-ary pattern. Output: input columns, the hyperedge (unless the input has it), then the members of the bindings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleExpand {
    /// Rows to expand.
    pub input: SharedPlan,
    /// Where it starts.
    pub from: RoleSource,
    /// The column of the hyperedge.
    pub hyperedge: String,
    /// Tables of its types.
    pub tables: Tables,
    /// The type as the query names it, for plans.
    pub label: String,
    /// The roles bound to further columns.
    pub bindings: Vec<RoleBinding>,
}

/// Reads properties of entities by id: input columns, then `entity.key` for each property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetch {
    /// Rows with the entity.
    pub input: SharedPlan,
    /// The entity's column.
    pub entity: String,
    /// The tables it may come from.
    pub tables: Tables,
    /// What to read. A key that starts with `@` names a role of a hyperedge.
    pub properties: Vec<PropertyRef>,
}

/// Groups rows: keys, then aggregates. Without keys there is exactly one group, empty or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Rows to group.
    pub input: SharedPlan,
    /// What is grouped by.
    pub keys: Vec<NamedExpr>,
    /// What is computed of each group.
    pub aggregates: Vec<NamedAggregate>,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SortKey {
    /// What is ordered by.
    pub expression: LogicalExpr,
    /// From the greatest to the least; nulls then come first, else last.
    pub descending: bool,
}

/// What [`Apply`] makes of the subplan's rows for one row of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplyKind {
    /// The row with each of them.
    Inner,
    /// The row with each of them, or with nulls where there is none.
    Optional,
    /// The row, where there is one.
    Semi,
    /// The row, where there is none.
    Anti,
    /// The row and, in this column, whether there is one.
    Mark(String),
    /// The row and, in this column, how many there are.
    Count(String),
    /// The row and, in the column `into`, the list of the subplan's column `value`.
    Collect {
        /// The subplan's column.
        value: String,
        /// The column of lists.
        into: String,
    },
}

/// Runs a subplan for each row of the input, which the subplan reads through [`LogicalPlan::Argument`](super::LogicalPlan::Argument).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Apply {
    /// The outer rows.
    pub input: SharedPlan,
    /// What is looked for.
    pub subplan: SharedPlan,
    /// What comes of it.
    pub kind: ApplyKind,
}

/// Which rows a [`Join`] outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinKind {
    /// Every pair.
    Inner,
    /// The left rows that have a partner, each once, without the right columns.
    Semi,
    /// The left rows that have none, without the right columns.
    Anti,
}

/// Joins two unconnected inputs: left columns, then right columns. Without keys it is their product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// Which rows come out.
    pub kind: JoinKind,
    /// Left rows.
    pub left: SharedPlan,
    /// Right rows.
    pub right: SharedPlan,
    /// Pairs of expressions that must be equal: over the left, over the right.
    pub on: Vec<(LogicalExpr, LogicalExpr)>,
}

impl SortKey {
    /// From the least to the greatest.
    #[must_use]
    pub const fn ascending(expression: LogicalExpr) -> Self {
        Self {
            expression,
            descending: false,
        }
    }

    /// From the greatest to the least.
    #[must_use]
    pub const fn descending(expression: LogicalExpr) -> Self {
        Self {
            expression,
            descending: true,
        }
    }
}

impl Aggregate {
    /// Whether a row that comes twice changes nothing.
    #[must_use]
    pub fn ignores_duplicates(&self) -> bool {
        let says_something = !self.keys.is_empty() || !self.aggregates.is_empty();
        says_something
            && self
                .aggregates
                .iter()
                .all(|own| own.call.distinct || own.call.function.is_extreme())
    }
}

impl IndexLookup {
    /// The columns added to those of the input.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        vec![
            Column::new(&self.entity, self.entity_type.clone()),
            Column::new(&self.score, Type::Float64),
        ]
    }

    /// The lookup in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let count = match &self.count {
            Some(count) => format!("; {count} best"),
            None => String::new(),
        };
        format!(
            "IndexLookup({}; {}{count})",
            self.index.name, self.index.kind
        )
    }
}
