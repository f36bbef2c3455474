//! The logical plan: what to compute.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Result, ScanPredicate, Tables, Type};
use serde::{Deserialize, Serialize};

use crate::{
    AggregateCall, AggregateFunction, Column, LogicalExpr, PlanSchema, Rows, infer_type,
    property_column,
};

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
    /// The tables that are read.
    pub tables: Tables,
    /// The label as the query names it, for plans; empty for any.
    pub label: String,
    /// Properties read along.
    pub properties: Vec<PropertyRef>,
    /// Rows that pass.
    pub predicate: ScanPredicate,
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
}

/// Reads the hyperedges of some types with any number of their roles at once: a star.
///
/// Output: `variable`, the member of each binding (and its incidence), then `variable.key` for each property. A
/// hyperedge gives one row for each way of binding the roles to different incidences.
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

/// Follows binary edges from a bound node: input columns, then the edge (where named), then the node reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EdgeExpand {
    /// Rows to expand.
    pub input: Arc<LogicalPlan>,
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
    pub input: Arc<LogicalPlan>,
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

/// Which of the paths between two nodes are found. A path takes no relationship twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathSearch {
    /// Every path.
    Trails,
    /// The nodes at the ends of paths, each once for a row.
    Reach,
    /// One path with the fewest hops.
    AnyShortest,
    /// Every path with the fewest hops.
    AllShortest,
    /// This many paths, those with the fewest hops first.
    Shortest(u64),
    /// Every path whose number of hops is among the least ones, of which there are this many.
    ShortestGroups(u64),
}

/// Follows binary edges from a bound node, as many as allowed: input columns, then the steps (where named), the nodes
/// they lead to (where named), then the last of those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathExpand {
    /// Rows to expand.
    pub input: Arc<LogicalPlan>,
    /// The column expansion starts from.
    pub from: String,
    /// Tables of the hyperedges.
    pub tables: Tables,
    /// The types as the query names them, for plans.
    pub label: String,
    /// Which way they are followed.
    pub direction: Direction,
    /// The fewest hops.
    pub least: u64,
    /// The most hops; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found.
    pub search: PathSearch,
    /// Properties that every hyperedge must have, with their values.
    pub properties: Vec<(PropertyRef, LogicalExpr)>,
    /// The column of the last node, where the input has it: only paths that end there are found.
    pub target: Option<String>,
    /// The column of the list of hyperedges; `None` where nothing needs them.
    pub edges: Option<String>,
    /// The column of the list of nodes reached, without the first; `None` where nothing needs them.
    pub nodes: Option<String>,
    /// The column of the last node.
    pub to: String,
    /// Its type.
    pub to_type: Type,
    /// Tables the last node must come from; `None` for any.
    pub restrict: Option<Tables>,
}

/// A column of one repetition that a [`Repeat`] collects along a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The column of the repeated plan.
    pub column: String,
    /// The column of lists.
    pub into: String,
    /// Whether the column is a list itself, and its elements are collected.
    pub flatten: bool,
}

/// Follows a pattern from a bound entity again and again, as often as allowed: input columns, then the collected lists,
/// then the entity that the last repetition leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// Rows to expand.
    pub input: Arc<LogicalPlan>,
    /// The column of the input that the first repetition starts from.
    pub from: String,
    /// One repetition: from [`LogicalPlan::Argument`], which has the columns of the input and `start`.
    pub hop: Arc<LogicalPlan>,
    /// The argument's column of the entity that a repetition starts from.
    pub start: String,
    /// Its type.
    pub start_type: Type,
    /// The repetition's column of the entity that it leads to.
    pub end: String,
    /// The repetition's columns of relationships and incidences, none of which a path takes twice.
    pub used: Vec<String>,
    /// What is collected along a path.
    pub collected: Vec<Collected>,
    /// The pattern as the query writes it, for plans.
    pub label: String,
    /// The fewest repetitions.
    pub least: u64,
    /// The most repetitions; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found.
    pub search: PathSearch,
    /// Whether the shortest of all chains of repetitions takes no relationship twice, so that a search need not go on
    /// from an entity that it has met already.
    pub prunable: bool,
    /// The column of the last entity, where the input has it: only paths that end there are found.
    pub target: Option<String>,
    /// The column of the last entity.
    pub to: String,
    /// Its type.
    pub to_type: Type,
    /// Tables the last entity must come from; `None` for any.
    pub restrict: Option<Tables>,
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
    },
    /// From a bound hyperedge.
    Hyperedge,
}

/// Goes from a member to its hyperedges, or from a hyperedge, and on to any number of other members: one hop of an
/// n-ary pattern. Output: input columns, the hyperedge (unless the input has it), then the members of the bindings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleExpand {
    /// Rows to expand.
    pub input: Arc<LogicalPlan>,
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
    pub input: Arc<LogicalPlan>,
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
    pub input: Arc<LogicalPlan>,
    /// Key expressions and their columns.
    pub keys: Vec<(LogicalExpr, String)>,
    /// Aggregates and their columns.
    pub aggregates: Vec<(AggregateCall, String)>,
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

/// Runs a subplan for each row of the input, which the subplan reads through [`LogicalPlan::Argument`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Apply {
    /// The outer rows.
    pub input: Arc<LogicalPlan>,
    /// What is looked for.
    pub subplan: Arc<LogicalPlan>,
    /// What comes of it.
    pub kind: ApplyKind,
}

/// Which rows a [`Join`] puts out.
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
    pub left: Arc<LogicalPlan>,
    /// Right rows.
    pub right: Arc<LogicalPlan>,
    /// Pairs of expressions that must be equal: over the left, over the right.
    pub on: Vec<(LogicalExpr, LogicalExpr)>,
}

/// A logical plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LogicalPlan {
    /// One row without columns.
    Unit,
    /// No rows of this schema.
    Empty(PlanSchema),
    /// The rows of the enclosing [`Apply`].
    Argument(PlanSchema),
    /// Rows that are known already.
    Rows {
        /// Their columns.
        schema: PlanSchema,
        /// The rows.
        rows: Rows,
    },
    /// See [`NodeScan`].
    NodeScan(NodeScan),
    /// See [`HyperedgeScan`].
    HyperedgeScan(HyperedgeScan),
    /// See [`EdgeExpand`].
    EdgeExpand(EdgeExpand),
    /// See [`RoleExpand`].
    RoleExpand(RoleExpand),
    /// See [`CountExpand`].
    CountExpand(CountExpand),
    /// See [`PathExpand`].
    PathExpand(PathExpand),
    /// See [`Repeat`].
    Repeat(Repeat),
    /// The same rows, with the contents of every node and hyperedge within some dynamically typed columns.
    Hydrate {
        /// Rows with the columns.
        input: Arc<LogicalPlan>,
        /// The columns.
        columns: Vec<String>,
    },
    /// See [`Fetch`].
    Fetch(Fetch),
    /// The rows for which the predicate is true.
    Filter {
        /// Rows to filter.
        input: Arc<LogicalPlan>,
        /// A boolean.
        predicate: LogicalExpr,
    },
    /// Exactly these columns.
    Project {
        /// Rows to project.
        input: Arc<LogicalPlan>,
        /// Expressions and their columns.
        expressions: Vec<(LogicalExpr, String)>,
    },
    /// See [`Aggregate`].
    Aggregate(Aggregate),
    /// Each different row once.
    Distinct {
        /// Rows, perhaps repeated.
        input: Arc<LogicalPlan>,
    },
    /// The rows in order, and only the first of them where `fetch` is given.
    Sort {
        /// Rows to order.
        input: Arc<LogicalPlan>,
        /// Keys, the first one first.
        keys: Vec<SortKey>,
        /// How many rows are needed.
        fetch: Option<usize>,
    },
    /// The rows after the first `skip`, at most `fetch` of them.
    Limit {
        /// Rows to cut.
        input: Arc<LogicalPlan>,
        /// Rows left out.
        skip: usize,
        /// Rows kept; `None` keeps all.
        fetch: Option<usize>,
    },
    /// The rows of all inputs, which have the same columns.
    Union {
        /// At least one input.
        inputs: Vec<Arc<LogicalPlan>>,
    },
    /// A row for each element of a list; none for null and for the empty list.
    Unwind {
        /// Rows with the list.
        input: Arc<LogicalPlan>,
        /// The list.
        expression: LogicalExpr,
        /// The element's column.
        variable: String,
    },
    /// See [`Apply`].
    Apply(Apply),
    /// See [`Join`].
    Join(Join),
}

impl LogicalPlan {
    /// The columns of the output.
    ///
    /// # Errors
    /// Those of type inference.
    pub fn schema(&self) -> Result<PlanSchema> {
        Ok(match self {
            Self::Unit => PlanSchema::default(),
            Self::Empty(schema) | Self::Argument(schema) | Self::Rows { schema, .. } => {
                schema.clone()
            }
            Self::NodeScan(scan) => {
                let mut schema = PlanSchema::default();
                schema.put(Column::new(
                    &scan.variable,
                    Type::Node(Arc::clone(&scan.tables)),
                ));
                put_properties(&mut schema, &scan.variable, &scan.properties);
                schema
            }
            Self::HyperedgeScan(scan) => {
                let mut schema = PlanSchema::default();
                schema.put(Column::new(
                    &scan.variable,
                    Type::Hyperedge(Arc::clone(&scan.tables)),
                ));
                put_bindings(&mut schema, &scan.bindings);
                put_properties(&mut schema, &scan.variable, &scan.properties);
                schema
            }
            Self::EdgeExpand(expand) => {
                let mut schema = expand.input.schema()?;
                if let Some(edge) = &expand.edge {
                    schema.put(Column::new(
                        edge,
                        Type::Hyperedge(Arc::clone(&expand.tables)),
                    ));
                }
                if !expand.into {
                    schema.put(Column::new(&expand.to, expand.to_type.clone()));
                }
                schema
            }
            Self::CountExpand(expand) => {
                let mut schema = expand.input.schema()?;
                schema.put(Column::new(&expand.count, Type::Int64));
                schema
            }
            Self::RoleExpand(expand) => {
                let mut schema = expand.input.schema()?;
                if let RoleSource::Member { incidence, .. } = &expand.from {
                    schema.put(Column::new(
                        &expand.hyperedge,
                        Type::Hyperedge(Arc::clone(&expand.tables)),
                    ));
                    if let Some(incidence) = incidence {
                        schema.put(Column::new(incidence, Type::Incidence));
                    }
                }
                put_bindings(&mut schema, &expand.bindings);
                schema
            }
            Self::PathExpand(expand) => {
                let mut schema = expand.input.schema()?;
                for column in expand.columns() {
                    schema.put(column);
                }
                schema
            }
            Self::Repeat(repeat) => {
                let mut schema = repeat.input.schema()?;
                for column in repeat.columns(&repeat.hop.schema()?) {
                    schema.put(column);
                }
                schema
            }
            Self::Fetch(fetch) => {
                let mut schema = fetch.input.schema()?;
                put_properties(&mut schema, &fetch.entity, &fetch.properties);
                schema
            }
            Self::Filter { input, .. }
            | Self::Hydrate { input, .. }
            | Self::Distinct { input }
            | Self::Sort { input, .. }
            | Self::Limit { input, .. } => input.schema()?,
            Self::Project { input, expressions } => {
                let input = input.schema()?;
                let columns = expressions
                    .iter()
                    .map(|(expression, name)| {
                        Ok(Column::new(name, infer_type(expression, &input)?))
                    })
                    .collect::<Result<_>>()?;
                PlanSchema::new(columns)
            }
            Self::Aggregate(aggregate) => {
                let input = aggregate.input.schema()?;
                let mut columns = Vec::new();
                for (key, name) in &aggregate.keys {
                    columns.push(Column::new(name, infer_type(key, &input)?));
                }
                for (call, name) in &aggregate.aggregates {
                    let argument = match &call.argument {
                        Some(argument) => infer_type(argument, &input)?,
                        None => Type::Null,
                    };
                    columns.push(Column::new(name, call.function.result_type(&argument)));
                }
                PlanSchema::new(columns)
            }
            Self::Union { inputs } => {
                let mut schema = inputs
                    .first()
                    .map_or_else(|| Ok(PlanSchema::default()), |input| input.schema())?;
                for input in &inputs[1..] {
                    for (own, other) in schema.columns.iter_mut().zip(input.schema()?.columns) {
                        own.ty = own.ty.unify(&other.ty);
                    }
                }
                schema
            }
            Self::Unwind {
                input,
                expression,
                variable,
            } => {
                let mut schema = input.schema()?;
                let ty = match infer_type(expression, &schema)? {
                    Type::List(item) => *item,
                    other => other,
                };
                schema.put(Column::new(variable, ty));
                schema
            }
            Self::Apply(apply) => {
                let mut schema = apply.input.schema()?;
                match &apply.kind {
                    ApplyKind::Optional => {
                        for column in apply.subplan.schema()?.columns {
                            schema.put(column);
                        }
                    }
                    ApplyKind::Semi | ApplyKind::Anti => {}
                    ApplyKind::Mark(name) => schema.put(Column::new(name, Type::Bool)),
                    ApplyKind::Count(name) => schema.put(Column::new(name, Type::Int64)),
                    ApplyKind::Collect { value, into } => {
                        let inner = apply.subplan.schema()?;
                        let item = inner.find(value).map_or(Type::Null, |own| own.ty.clone());
                        schema.put(Column::new(into, item.list()));
                    }
                }
                schema
            }
            Self::Join(join) => {
                let mut schema = join.left.schema()?;
                if join.kind != JoinKind::Inner {
                    return Ok(schema);
                }
                for column in join.right.schema()?.columns {
                    schema.put(column);
                }
                schema
            }
        })
    }

    /// The plan that runs within this node, from rows of its own: of an [`Apply`] or a [`Repeat`].
    #[must_use]
    pub fn subplan(&self) -> Option<&Arc<Self>> {
        match self {
            Self::Apply(apply) => Some(&apply.subplan),
            Self::Repeat(repeat) => Some(&repeat.hop),
            _ => None,
        }
    }

    /// The columns that the plan reads of the [`LogicalPlan::Argument`] it starts from; perhaps some more, of its own.
    #[must_use]
    pub fn argument_columns(&self) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        crate::argument::argument_columns(self, &mut columns);
        columns
    }

    /// The inputs, without the [`LogicalPlan::subplan`].
    #[must_use]
    pub fn inputs(&self) -> Vec<&Arc<Self>> {
        match self {
            Self::Unit
            | Self::Empty(_)
            | Self::Argument(_)
            | Self::Rows { .. }
            | Self::NodeScan(_)
            | Self::HyperedgeScan(_) => Vec::new(),
            Self::EdgeExpand(EdgeExpand { input, .. })
            | Self::RoleExpand(RoleExpand { input, .. })
            | Self::CountExpand(CountExpand { input, .. })
            | Self::PathExpand(PathExpand { input, .. })
            | Self::Repeat(Repeat { input, .. })
            | Self::Hydrate { input, .. }
            | Self::Fetch(Fetch { input, .. })
            | Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::Aggregate(Aggregate { input, .. })
            | Self::Distinct { input }
            | Self::Sort { input, .. }
            | Self::Limit { input, .. }
            | Self::Unwind { input, .. }
            | Self::Apply(Apply { input, .. }) => vec![input],
            Self::Union { inputs } => inputs.iter().collect(),
            Self::Join(join) => vec![&join.left, &join.right],
        }
    }

    /// The same node with each input, and then the [`LogicalPlan::subplan`], rewritten.
    ///
    /// # Errors
    /// Those of `rewrite`.
    pub fn try_map_inputs(&self, rewrite: &mut impl FnMut(&Self) -> Result<Self>) -> Result<Self> {
        let mut plan = self.clone();
        let mut visit = |input: &mut Arc<Self>| -> Result<()> {
            *input = Arc::new(rewrite(input)?);
            Ok(())
        };
        match &mut plan {
            Self::Unit
            | Self::Empty(_)
            | Self::Argument(_)
            | Self::Rows { .. }
            | Self::NodeScan(_)
            | Self::HyperedgeScan(_) => {}
            Self::EdgeExpand(EdgeExpand { input, .. })
            | Self::RoleExpand(RoleExpand { input, .. })
            | Self::CountExpand(CountExpand { input, .. })
            | Self::PathExpand(PathExpand { input, .. })
            | Self::Hydrate { input, .. }
            | Self::Fetch(Fetch { input, .. })
            | Self::Filter { input, .. }
            | Self::Project { input, .. }
            | Self::Aggregate(Aggregate { input, .. })
            | Self::Distinct { input }
            | Self::Sort { input, .. }
            | Self::Limit { input, .. }
            | Self::Unwind { input, .. } => visit(input)?,
            Self::Apply(apply) => {
                visit(&mut apply.input)?;
                visit(&mut apply.subplan)?;
            }
            Self::Repeat(repeat) => {
                visit(&mut repeat.input)?;
                visit(&mut repeat.hop)?;
            }
            Self::Union { inputs } => inputs.iter_mut().try_for_each(visit)?,
            Self::Join(join) => {
                visit(&mut join.left)?;
                visit(&mut join.right)?;
            }
        }
        Ok(plan)
    }

    /// The same node with each input rewritten, but not the subplan.
    ///
    /// # Errors
    /// Those of `rewrite`.
    pub fn try_map_outer(&self, rewrite: &mut impl FnMut(&Self) -> Result<Self>) -> Result<Self> {
        let mut inputs = self.inputs().len();
        self.try_map_inputs(&mut |input| {
            if inputs == 0 {
                return Ok(input.clone());
            }
            inputs -= 1;
            rewrite(input)
        })
    }

    /// The plan over known rows: they take the place of the argument that it starts from.
    ///
    /// # Errors
    /// None of its own.
    pub fn with_rows(&self, leaf: &Self) -> Result<Self> {
        match self {
            Self::Argument(_) => Ok(leaf.clone()),
            // The argument of a subplan is the apply's own outer side.
            other => other.try_map_outer(&mut |input| input.with_rows(leaf)),
        }
    }

    /// Plans of the same columns, each with the types that hold the values of all of them.
    ///
    /// # Errors
    /// Those of [`LogicalPlan::schema`].
    pub fn same_types(plans: Vec<Arc<Self>>) -> Result<Vec<Arc<Self>>> {
        let schemas = plans
            .iter()
            .map(|plan| plan.schema())
            .collect::<Result<Vec<_>>>()?;
        let mut types: Vec<Type> = Vec::new();
        for (index, column) in schemas[0].columns.iter().enumerate() {
            let others = schemas.iter().map(|schema| &schema.columns[index].ty);
            types.push(others.fold(column.ty.clone(), |all, ty| all.unify(ty)));
        }
        let convert = |(plan, schema): (Arc<Self>, PlanSchema)| {
            if schema
                .columns
                .iter()
                .zip(&types)
                .all(|(own, ty)| &own.ty == ty)
            {
                return plan;
            }
            let expressions = schema
                .columns
                .iter()
                .zip(&types)
                .map(|(own, ty)| {
                    let column = LogicalExpr::column(&own.name).convert(&own.ty, ty);
                    (column, own.name.clone())
                })
                .collect();
            Arc::new(Self::Project {
                input: plan,
                expressions,
            })
        };
        Ok(plans.into_iter().zip(schemas).map(convert).collect())
    }

    /// `self` filtered by the conjunction of `conjuncts`; `self` where there are none.
    #[must_use]
    pub fn filtered(self, conjuncts: Vec<LogicalExpr>) -> Self {
        if conjuncts.is_empty() {
            return self;
        }
        Self::Filter {
            input: Arc::new(self),
            predicate: LogicalExpr::all(conjuncts),
        }
    }

    /// `self` cut down to `names`; `self` where it has exactly those columns.
    ///
    /// # Errors
    /// Those of [`LogicalPlan::schema`].
    pub fn keep_columns(self, names: &[String]) -> Result<Self> {
        if self.schema()?.names().eq(names.iter().map(String::as_str)) {
            return Ok(self);
        }
        let expressions = names
            .iter()
            .map(|name| (LogicalExpr::column(name), name.clone()))
            .collect();
        Ok(Self::Project {
            input: Arc::new(self),
            expressions,
        })
    }
}

impl Aggregate {
    /// Whether a row that comes twice changes nothing.
    #[must_use]
    pub fn ignores_duplicates(&self) -> bool {
        self.aggregates.iter().all(|(call, _)| {
            let extreme = matches!(
                call.function,
                AggregateFunction::Min | AggregateFunction::Max
            );
            call.distinct || extreme
        })
    }
}

impl PathExpand {
    /// The columns added to those of the input.
    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        if let Some(edges) = &self.edges {
            let ty = Type::Hyperedge(Arc::clone(&self.tables)).list();
            columns.push(Column::new(edges, ty));
        }
        if let Some(nodes) = &self.nodes {
            columns.push(Column::new(nodes, Type::Node([].into()).list()));
        }
        columns.push(Column::new(&self.to, self.to_type.clone()));
        columns
    }
}

impl Repeat {
    /// The columns added to those of the input, given those of a repetition.
    #[must_use]
    pub fn columns(&self, hop: &PlanSchema) -> Vec<Column> {
        let mut columns = Vec::new();
        for collected in &self.collected {
            let item = hop.find(&collected.column);
            let item = item.map_or(Type::Null, |column| column.ty.clone());
            let ty = if collected.flatten { item } else { item.list() };
            columns.push(Column::new(&collected.into, ty));
        }
        columns.push(Column::new(&self.to, self.to_type.clone()));
        columns
    }
}

fn put_properties(schema: &mut PlanSchema, entity: &str, properties: &[PropertyRef]) {
    for property in properties {
        schema.put(Column::new(
            property_column(entity, &property.key),
            property.ty.clone(),
        ));
    }
}

fn put_bindings(schema: &mut PlanSchema, bindings: &[RoleBinding]) {
    for binding in bindings {
        schema.put(Column::new(&binding.member, binding.member_type.clone()));
        if let Some(incidence) = &binding.incidence {
            schema.put(Column::new(incidence, Type::Incidence));
        }
    }
}
