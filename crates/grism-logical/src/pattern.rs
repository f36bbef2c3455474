//! From a pattern to a plan: which element is found first, and in which order the others are reached from it.
//!
//! All role steps around one hyperedge become one operator: a `HyperedgeScan` where the hyperedge comes first, a
//! `RoleExpand` where it is reached from a member. The order is greedy: from every possible start the cheapest step is
//! taken again and again, and the start whose intermediate rows add up to the least wins.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{GraphSchema, GraphStatistics, Result, Tables, Type};

use crate::{
    BinaryOperator, Direction, EdgeExpand, Hop, HyperedgeScan, Join, LogicalExpr, LogicalPlan,
    NodeScan, PathExpand, PathSearch, PropertyRef, RoleBinding, RoleExpand, RoleSource,
    ScalarFunction,
};

/// What a row costs that an expansion makes, where one that a scan reads in order costs 1.
const EXPANSION_COST: f64 = 3.0;

/// A node or hyperedge of a pattern.
#[derive(Clone, Debug)]
pub struct PatternEntity {
    /// Its column.
    pub variable: String,
    /// What it is, and the tables it may come from.
    pub ty: Type,
    /// The label or type as the query names it; empty where it names none.
    pub label: String,
    /// The share of its tables that the query's predicates on it are expected to leave, in (0, 1].
    pub selectivity: f64,
}

/// A binary edge of a pattern.
#[derive(Clone, Debug)]
pub struct PatternEdge {
    /// Its column.
    pub variable: String,
    /// Tables of its types.
    pub tables: Tables,
    /// The types as the query names them.
    pub label: String,
    /// Which way it points, from left to right being `Out`.
    pub direction: Direction,
    /// The variable at its left.
    pub left: String,
    /// The variable at its right.
    pub right: String,
    /// How often it is followed; `None` is once.
    pub path: Option<PatternPath>,
}

/// A step of a pattern that stands for several hops.
#[derive(Clone, Debug)]
pub struct PatternPath {
    /// What one hop is, from left to right.
    pub hop: Hop,
    /// The fewest hops.
    pub least: u64,
    /// The most hops; `None` where there is no limit.
    pub most: Option<u64>,
    /// Which paths are found; the shortest need both ends bound.
    pub search: PathSearch,
    /// Properties that every hyperedge must have.
    pub properties: Vec<(PropertyRef, LogicalExpr)>,
    /// The column of the list of nodes the hops lead to, from left to right.
    pub nodes: String,
}

/// A role step of a pattern.
#[derive(Clone, Debug)]
pub struct PatternRole {
    /// The hyperedge's variable.
    pub hyperedge: String,
    /// The roles of which one is bound.
    pub roles: Vec<String>,
    /// The member's variable.
    pub member: String,
    /// The incidence's column, where the query needs it.
    pub incidence: Option<String>,
}

/// The elements of one MATCH.
#[derive(Clone, Debug, Default)]
pub struct PatternGraph {
    /// Nodes and hyperedges, each variable once.
    pub entities: Vec<PatternEntity>,
    /// Binary edges.
    pub edges: Vec<PatternEdge>,
    /// Role steps.
    pub roles: Vec<PatternRole>,
    /// Columns that close cycles are numbered from here on; no plan makes more than two for a step.
    pub first_temporary: usize,
}

/// Plans `graph` on top of `input`, whose columns are bound already; `Unit` where nothing is.
///
/// # Errors
/// Those of [`LogicalPlan::schema`].
pub fn plan_pattern(
    graph: &PatternGraph,
    input: LogicalPlan,
    schema: &GraphSchema,
    statistics: &GraphStatistics,
) -> Result<LogicalPlan> {
    let planner = Planner {
        graph,
        schema,
        statistics,
    };
    let bound: BTreeSet<String> = input.schema()?.names().map(str::to_owned).collect();
    let mut progress = Progress {
        bound,
        temporaries: graph.first_temporary,
        ..Progress::default()
    };
    let mut plan = input;
    progress.rows = 1.0;
    planner.reach_connected(&mut progress, &mut plan);
    while let Some(start) = planner.best_start(&progress) {
        let mut component = LogicalPlan::Unit;
        let mut inner = Progress {
            bound: BTreeSet::new(),
            reached: progress.reached.clone(),
            ..progress.clone()
        };
        planner.start(start, &mut inner, &mut component);
        planner.reach_connected(&mut inner, &mut component);
        progress.bound.extend(inner.bound);
        progress.reached = inner.reached;
        progress.temporaries = inner.temporaries;
        plan = if plan == LogicalPlan::Unit {
            component
        } else {
            LogicalPlan::Join(Join {
                left: Arc::new(plan),
                right: Arc::new(component),
                on: Vec::new(),
            })
        };
        // A step may tie the component to what was bound before.
        planner.reach_connected(&mut progress, &mut plan);
    }
    Ok(plan)
}

/// Which steps are done; edges by index, then hyperedges by variable.
#[derive(Clone, Debug, Default)]
struct Progress {
    bound: BTreeSet<String>,
    reached: BTreeSet<Step>,
    rows: f64,
    cost: f64,
    temporaries: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Edge(usize),
    Role(usize),
}

struct Planner<'a> {
    graph: &'a PatternGraph,
    schema: &'a GraphSchema,
    statistics: &'a GraphStatistics,
}

/// One way to go on.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Follow an edge; from its right end where `reversed`.
    Edge { index: usize, reversed: bool },
    /// Bind the rest of a bound hyperedge, known by one of its role steps.
    Star { role: usize },
    /// Go from a bound member through this role step to the hyperedge, and bind its other members.
    Member { role: usize },
}

impl Planner<'_> {
    fn entity(&self, variable: &str) -> Option<&PatternEntity> {
        self.graph
            .entities
            .iter()
            .find(|entity| entity.variable == variable)
    }

    fn rows_of(&self, tables: &Tables) -> f64 {
        tables
            .iter()
            .map(|table| self.statistics.rows(*table) as f64)
            .sum()
    }

    fn selectivity(&self, variable: &str) -> f64 {
        self.entity(variable)
            .map_or(1.0, |entity| entity.selectivity)
    }

    fn reach_connected(&self, progress: &mut Progress, plan: &mut LogicalPlan) {
        while let Some((next, growth)) = self.best_move(progress) {
            self.apply(next, progress, plan);
            progress.rows *= growth;
            progress.cost += progress.rows * EXPANSION_COST;
        }
    }

    fn best_start(&self, progress: &Progress) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (index, entity) in self.graph.entities.iter().enumerate() {
            if progress.bound.contains(&entity.variable) {
                continue;
            }
            let mut trial = Progress {
                bound: BTreeSet::new(),
                ..progress.clone()
            };
            let mut ignored = LogicalPlan::Unit;
            self.start(index, &mut trial, &mut ignored);
            self.reach_connected(&mut trial, &mut ignored);
            if best.is_none_or(|(cost, _)| trial.cost < cost) {
                best = Some((trial.cost, index));
            }
        }
        best.map(|(_, index)| index)
    }

    fn start(&self, index: usize, progress: &mut Progress, plan: &mut LogicalPlan) {
        let entity = &self.graph.entities[index];
        let variable = entity.variable.clone();
        progress.bound.insert(variable.clone());
        let tables = entity.ty.tables().cloned().unwrap_or_default();
        let read = self.rows_of(&tables);
        progress.rows = (read * entity.selectivity).max(1.0);
        // Rows that a predicate drops are still read, though at a fraction of the price of a row that goes on.
        progress.cost = progress.rows + read / 16.0;
        if matches!(entity.ty, Type::Hyperedge(_)) {
            let (bindings, filters, growth) = self.bind_roles(&variable, &tables, None, progress);
            progress.rows *= growth;
            let scan = HyperedgeScan {
                variable,
                tables,
                label: entity.label.clone(),
                bindings,
                properties: Vec::new(),
                predicate: Vec::new(),
            };
            *plan = LogicalPlan::HyperedgeScan(scan).filtered(filters);
        } else {
            let scan = NodeScan {
                variable,
                tables,
                label: entity.label.clone(),
                properties: Vec::new(),
                predicate: Vec::new(),
            };
            *plan = LogicalPlan::NodeScan(scan);
        }
    }

    fn best_move(&self, progress: &Progress) -> Option<(Move, f64)> {
        let mut moves = Vec::new();
        for (index, edge) in self.graph.edges.iter().enumerate() {
            if progress.reached.contains(&Step::Edge(index)) {
                continue;
            }
            let (has_left, has_right) = (
                progress.bound.contains(&edge.left),
                progress.bound.contains(&edge.right),
            );
            // The shortest path between two nodes is looked for when both are known.
            let needs_both = edge.path.as_ref().is_some_and(|path| {
                matches!(
                    path.search,
                    PathSearch::AnyShortest | PathSearch::AllShortest
                )
            });
            if needs_both {
                if has_left && has_right {
                    moves.push(Move::Edge {
                        index,
                        reversed: false,
                    });
                }
                continue;
            }
            if has_left {
                moves.push(Move::Edge {
                    index,
                    reversed: false,
                });
            }
            if has_right {
                moves.push(Move::Edge {
                    index,
                    reversed: true,
                });
            }
        }
        for (index, role) in self.graph.roles.iter().enumerate() {
            if progress.reached.contains(&Step::Role(index)) {
                continue;
            }
            if progress.bound.contains(&role.hyperedge) {
                moves.push(Move::Star { role: index });
            } else if progress.bound.contains(&role.member) {
                moves.push(Move::Member { role: index });
            }
        }
        moves
            .into_iter()
            .map(|next| (next, self.growth(next, progress)))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// How many rows one row is expected to become.
    fn growth(&self, next: Move, progress: &Progress) -> f64 {
        match next {
            Move::Edge { index, reversed } => {
                let edge = &self.graph.edges[index];
                let (from, to) = if reversed {
                    (&edge.right, &edge.left)
                } else {
                    (&edge.left, &edge.right)
                };
                let edges = self.rows_of(&edge.tables)
                    * if edge.direction == Direction::Both {
                        2.0
                    } else {
                        1.0
                    };
                let starts = self
                    .entity(from)
                    .and_then(|entity| entity.ty.tables())
                    .map_or(1.0, |tables| self.rows_of(tables));
                let mut degree = edges / starts.max(1.0);
                if let Some(path) = &edge.path {
                    // A path of unknown length is followed last.
                    let hops = path.most.unwrap_or(path.least + 4).min(8) as i32;
                    degree = degree.max(1.5).powi(hops);
                }
                let ends = self
                    .entity(to)
                    .and_then(|entity| entity.ty.tables())
                    .map_or(1.0, |tables| self.rows_of(tables));
                if progress.bound.contains(to) {
                    degree / ends.max(1.0)
                } else {
                    degree * self.selectivity(to)
                }
            }
            Move::Star { role } => {
                let hyperedge = &self.graph.roles[role].hyperedge;
                self.star_growth(hyperedge, None, progress)
            }
            Move::Member { role } => {
                let step = &self.graph.roles[role];
                let members = self
                    .entity(&step.member)
                    .and_then(|entity| entity.ty.tables())
                    .map_or(1.0, |tables| self.rows_of(tables));
                let incidences: f64 = self.incidences(&step.hyperedge, &step.roles);
                incidences / members.max(1.0)
                    * self.selectivity(&step.hyperedge)
                    * self.star_growth(&step.hyperedge, Some(role), progress)
            }
        }
    }

    fn incidences(&self, hyperedge: &str, roles: &[String]) -> f64 {
        let Some(tables) = self.entity(hyperedge).and_then(|entity| entity.ty.tables()) else {
            return 1.0;
        };
        let pairs = tables
            .iter()
            .flat_map(|table| roles.iter().map(move |role| (*table, role)));
        pairs
            .map(|(table, role)| self.statistics.incidences(table, role) as f64)
            .sum()
    }

    fn star_growth(&self, hyperedge: &str, except: Option<usize>, progress: &Progress) -> f64 {
        let rows = self
            .entity(hyperedge)
            .and_then(|entity| entity.ty.tables())
            .map_or(1.0, |tables| self.rows_of(tables))
            .max(1.0);
        let mut growth = 1.0;
        for (index, step) in self.graph.roles.iter().enumerate() {
            if Some(index) == except
                || step.hyperedge != hyperedge
                || progress.reached.contains(&Step::Role(index))
            {
                continue;
            }
            growth *= self.incidences(hyperedge, &step.roles) / rows;
            growth *= if progress.bound.contains(&step.member) {
                let members = self
                    .entity(&step.member)
                    .and_then(|entity| entity.ty.tables());
                1.0 / members.map_or(1.0, |tables| self.rows_of(tables)).max(1.0)
            } else {
                self.selectivity(&step.member)
            };
        }
        growth
    }

    fn apply(&self, next: Move, progress: &mut Progress, plan: &mut LogicalPlan) {
        let input = Arc::new(std::mem::replace(plan, LogicalPlan::Unit));
        *plan = match next {
            Move::Edge { index, reversed } => {
                let edge = &self.graph.edges[index];
                progress.reached.insert(Step::Edge(index));
                progress.bound.insert(edge.variable.clone());
                let (from, to) = if reversed {
                    (&edge.right, &edge.left)
                } else {
                    (&edge.left, &edge.right)
                };
                let direction = match (edge.direction, reversed) {
                    (Direction::Out, true) => Direction::In,
                    (Direction::In, true) => Direction::Out,
                    (direction, _) => direction,
                };
                if let Some(path) = &edge.path {
                    *plan = self.path_expand(input, edge, path, reversed, progress);
                    return;
                }
                let (column, closing) = self.target(to, progress);
                let to_type = self
                    .entity(to)
                    .map_or(Type::Null, |entity| entity.ty.clone());
                let all_nodes: Vec<_> = self.schema.node_tables().map(|table| table.id).collect();
                let restrict = to_type
                    .tables()
                    .filter(|tables| tables[..] != all_nodes[..] && closing.is_none())
                    .cloned();
                let expand = EdgeExpand {
                    input,
                    from: from.clone(),
                    tables: Arc::clone(&edge.tables),
                    label: edge.label.clone(),
                    direction,
                    edge: Some(edge.variable.clone()),
                    to: column,
                    to_type,
                    restrict,
                };
                LogicalPlan::EdgeExpand(expand).filtered(closing.into_iter().collect())
            }
            Move::Star { role } => {
                let hyperedge = self.graph.roles[role].hyperedge.clone();
                self.role_expand(input, RoleSource::Hyperedge, hyperedge, None, progress)
            }
            Move::Member { role } => {
                let step = &self.graph.roles[role];
                progress.reached.insert(Step::Role(role));
                progress.bound.insert(step.hyperedge.clone());
                let from = RoleSource::Member {
                    column: step.member.clone(),
                    roles: step.roles.clone(),
                    incidence: step.incidence.clone(),
                };
                self.role_expand(input, from, step.hyperedge.clone(), Some(role), progress)
            }
        };
    }

    fn path_expand(
        &self,
        input: Arc<LogicalPlan>,
        edge: &PatternEdge,
        path: &PatternPath,
        reversed: bool,
        progress: &mut Progress,
    ) -> LogicalPlan {
        let (from, to) = if reversed {
            (&edge.right, &edge.left)
        } else {
            (&edge.left, &edge.right)
        };
        let hop = match (&path.hop, reversed) {
            (hop, false) => hop.clone(),
            (Hop::Edge(Direction::Out), true) => Hop::Edge(Direction::In),
            (Hop::Edge(Direction::In), true) => Hop::Edge(Direction::Out),
            (Hop::Edge(Direction::Both), true) => Hop::Edge(Direction::Both),
            (Hop::Roles { from, to }, true) => Hop::Roles {
                from: to.clone(),
                to: from.clone(),
            },
        };
        let (column, closing) = self.target(to, progress);
        let to_type = self
            .entity(to)
            .map_or(Type::Null, |entity| entity.ty.clone());
        let all_nodes: Vec<_> = self.schema.node_tables().map(|table| table.id).collect();
        let restrict = to_type
            .tables()
            .filter(|tables| tables[..] != all_nodes[..] && closing.is_none())
            .cloned();
        let target = closing.is_some().then(|| to.clone());
        // The lists run the way the path was followed, and are turned round where that was from its right end.
        let (edges, nodes) = if reversed {
            progress.temporaries += 1;
            let number = progress.temporaries;
            (
                format!("#{}back{number}", edge.variable),
                format!("#{}back{number}", path.nodes),
            )
        } else {
            (edge.variable.clone(), path.nodes.clone())
        };
        let expand = LogicalPlan::PathExpand(PathExpand {
            input,
            from: from.clone(),
            tables: Arc::clone(&edge.tables),
            label: edge.label.clone(),
            hop,
            least: path.least,
            most: path.most,
            search: path.search,
            properties: path.properties.clone(),
            target,
            edges: Some(edges.clone()),
            nodes: Some(nodes.clone()),
            to: column,
            to_type,
            restrict,
        })
        .filtered(closing.into_iter().collect());
        if !reversed {
            return expand;
        }
        let names = match expand.schema() {
            Ok(schema) => schema.names().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        };
        let mut expressions: Vec<(LogicalExpr, String)> = names
            .into_iter()
            .filter(|name| name != &edges && name != &nodes)
            .map(|name| (LogicalExpr::column(&name), name))
            .collect();
        let turned = |column: String| {
            LogicalExpr::call(ScalarFunction::Reverse, vec![LogicalExpr::Column(column)])
        };
        expressions.push((turned(edges), edge.variable.clone()));
        // Without the node the path starts from, and with the one it ends at.
        let without_last = LogicalExpr::call(ScalarFunction::Tail, vec![turned(nodes.clone())]);
        let ended = without_last.binary(
            BinaryOperator::Add,
            LogicalExpr::List(vec![LogicalExpr::column(&edge.right)]),
        );
        let is_empty = LogicalExpr::call(
            ScalarFunction::Size,
            vec![LogicalExpr::Column(nodes.clone())],
        )
        .binary(
            BinaryOperator::Equal,
            LogicalExpr::Literal(grism_core::Value::Int64(0)),
        );
        let turned_nodes = LogicalExpr::Case {
            branches: vec![(is_empty, LogicalExpr::Column(nodes))],
            otherwise: Some(Box::new(ended)),
        };
        expressions.push((turned_nodes, path.nodes.clone()));
        LogicalPlan::Project {
            input: Arc::new(expand),
            expressions,
        }
    }

    fn role_expand(
        &self,
        input: Arc<LogicalPlan>,
        from: RoleSource,
        hyperedge: String,
        except: Option<usize>,
        progress: &mut Progress,
    ) -> LogicalPlan {
        let entity = self.entity(&hyperedge);
        let tables = entity
            .and_then(|entity| entity.ty.tables())
            .cloned()
            .unwrap_or_default();
        let label = entity
            .map(|entity| entity.label.clone())
            .unwrap_or_default();
        let (bindings, filters, _) = self.bind_roles(&hyperedge, &tables, except, progress);
        LogicalPlan::RoleExpand(RoleExpand {
            input,
            from,
            hyperedge,
            tables,
            label,
            bindings,
        })
        .filtered(filters)
    }

    /// The bindings of every role step of `hyperedge` that is not done, with the filters that close cycles.
    fn bind_roles(
        &self,
        hyperedge: &str,
        tables: &Tables,
        except: Option<usize>,
        progress: &mut Progress,
    ) -> (Vec<RoleBinding>, Vec<LogicalExpr>, f64) {
        let growth = self.star_growth(hyperedge, except, progress);
        let (mut bindings, mut filters) = (Vec::new(), Vec::new());
        for (index, step) in self.graph.roles.iter().enumerate() {
            if step.hyperedge != hyperedge || !progress.reached.insert(Step::Role(index)) {
                continue;
            }
            let (member, closing) = self.target(&step.member, progress);
            let member_type = self
                .entity(&step.member)
                .map_or(Type::Null, |entity| entity.ty.clone());
            let restrict = member_type
                .tables()
                .filter(|allowed| {
                    closing.is_none() && !self.declared_within(tables, &step.roles, allowed)
                })
                .cloned();
            filters.extend(closing);
            let (roles, incidence) = (step.roles.clone(), step.incidence.clone());
            bindings.push(RoleBinding {
                roles,
                member,
                member_type,
                restrict,
                incidence,
            });
        }
        (bindings, filters, growth)
    }

    fn declared_within(&self, tables: &Tables, roles: &[String], allowed: &Tables) -> bool {
        tables.iter().all(|table| {
            let Ok(table) = self.schema.table(*table) else {
                return false;
            };
            let Some(hyperedge_type) = table.hyperedge_type() else {
                return false;
            };
            roles
                .iter()
                .filter_map(|role| hyperedge_type.role(role))
                .all(|role| {
                    role.member.is_some()
                        && self
                            .schema
                            .member_tables(role)
                            .iter()
                            .all(|table| allowed.contains(table))
                })
        })
    }

    /// The column a step binds, and the filter that ties it to the variable where that is bound already.
    fn target(&self, variable: &str, progress: &mut Progress) -> (String, Option<LogicalExpr>) {
        if progress.bound.insert(variable.to_owned()) {
            return (variable.to_owned(), None);
        }
        progress.temporaries += 1;
        let temporary = format!("#{variable}~{}", progress.temporaries);
        let closing = LogicalExpr::column(&temporary)
            .binary(BinaryOperator::Equal, LogicalExpr::column(variable));
        (temporary, Some(closing))
    }
}
