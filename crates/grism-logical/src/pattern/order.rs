//! The order in which the elements of a pattern are reached, and what each step is expected to cost.

use grism_core::{GraphSchema, GraphStatistics, Result, Tables, Type};
use std::collections::{BTreeMap, BTreeSet};

use super::{PatternEntity, PatternGraph, PatternHop, PatternPath};
use crate::{
    Direction, HyperedgeScan, Join, JoinKind, LogicalPlan, NodeScan, PathSearch, SharedPlan,
};

/// What a row costs that an expansion makes, where one that a scan reads in order costs 1.
const EXPANSION_COST: f64 = 3.0;

/// Targets of a start up to which each of them is searched for on its own.
const FEW_TARGETS: f64 = 8.0;

/// How many times more entities than wanted a search may reach before it waits for those that are wanted.
const WORTHWHILE: f64 = 4.0;

/// How many rows one repetition of a pattern is expected to make of one.
const DEGREE_OF_PATTERN: f64 = 8.0;

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
    let mut progress = Progress {
        temporaries: graph.first_temporary,
        ..Progress::default()
    };
    for name in input.schema()?.names() {
        progress.bind(name);
    }
    let mut plan = input;
    progress.rows = 1.0;
    planner.reach_connected(&mut progress, &mut plan);
    while let Some(start) = planner.best_start(&progress) {
        let mut component = LogicalPlan::Unit;
        let mut inner = progress.apart();
        planner.start(start, &mut inner, &mut component);
        planner.reach_connected(&mut inner, &mut component);
        for name in inner.bound.into_keys() {
            progress.bind(&name);
        }
        progress.reached = inner.reached;
        progress.temporaries = inner.temporaries;
        plan = if plan == LogicalPlan::Unit {
            component
        } else {
            LogicalPlan::Join(Join {
                kind: JoinKind::Inner,
                left: SharedPlan::new(plan),
                right: SharedPlan::new(component),
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
pub(super) struct Progress {
    /// Columns that are there, with numbers in the order they were bound.
    bound: BTreeMap<String, usize>,
    /// Columns of the plan that this one will be joined with.
    outside: BTreeSet<String>,
    pub(super) reached: BTreeSet<Step>,
    rows: f64,
    cost: f64,
    pub(super) temporaries: usize,
}

impl Progress {
    /// Notes that the column is there; `false` where it was already.
    pub(super) fn bind(&mut self, name: &str) -> bool {
        let number = self.bound.len();
        match self.bound.contains_key(name) {
            true => false,
            false => self.bound.insert(name.to_owned(), number).is_none(),
        }
    }

    /// For a plan that starts anew, and is joined with this one.
    fn apart(&self) -> Self {
        Self {
            bound: BTreeMap::new(),
            outside: self.bound.keys().cloned().collect(),
            ..self.clone()
        }
    }

    fn has(&self, name: &str) -> bool {
        self.bound.contains_key(name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Edge(usize),
    Role(usize),
}

pub(super) struct Planner<'a> {
    pub(super) graph: &'a PatternGraph,
    pub(super) schema: &'a GraphSchema,
    pub(super) statistics: &'a GraphStatistics,
}

/// One way to go on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    /// Follow an edge; from its right end where `reversed`.
    Edge { index: usize, reversed: bool },
    /// Bind the rest of a bound hyperedge, known by one of its role steps.
    Star { role: usize },
    /// Go from a bound member through this role step to the hyperedge, and bind its other members.
    Member { role: usize },
}

impl Planner<'_> {
    pub(super) fn entity(&self, variable: &str) -> Option<&PatternEntity> {
        self.graph
            .entities
            .iter()
            .find(|entity| entity.variable == variable)
    }

    pub(super) fn tables_of(&self, variable: &str) -> Option<&Tables> {
        self.entity(variable).and_then(|entity| entity.ty.tables())
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
            if progress.has(&entity.variable) {
                continue;
            }
            let mut trial = progress.apart();
            let mut ignored = LogicalPlan::Unit;
            self.start(index, &mut trial, &mut ignored);
            self.reach_connected(&mut trial, &mut ignored);
            let expected = trial.cost + self.cost_of_waiting(&trial);
            if best.is_none_or(|(cost, _)| expected < cost) {
                best = Some((expected, index));
            }
        }
        best.map(|(_, index)| index)
    }

    fn start(&self, index: usize, progress: &mut Progress, plan: &mut LogicalPlan) {
        let entity = &self.graph.entities[index];
        let variable = entity.variable.clone();
        progress.bind(&variable);
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
                index: None,
            };
            *plan = LogicalPlan::HyperedgeScan(scan).filtered(filters);
        } else {
            let scan = NodeScan {
                variable,
                ty: entity.ty.clone(),
                tables,
                label: entity.label.clone(),
                properties: Vec::new(),
                predicate: Vec::new(),
                index: None,
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
            let (left, right) = (
                progress.bound.get(&edge.left),
                progress.bound.get(&edge.right),
            );
            let waits = |path: &PatternPath| path.reads.iter().any(|column| !progress.has(column));
            // An edge to what is bound elsewhere is followed when both plans are one.
            let elsewhere = [&edge.left, &edge.right];
            let elsewhere = elsewhere.map(|end| progress.outside.contains(end));
            if edge.path.as_ref().is_some_and(waits) || elsewhere.contains(&true) {
                continue;
            }
            let (mut has_left, mut has_right) = (left.is_some(), right.is_some());
            let searched = edge.path.as_ref();
            if let Some(path) = searched.filter(|path| path.search != PathSearch::Trails) {
                match (has_left, has_right) {
                    (true, true) => has_right = false,
                    (true, false) => has_left = self.reaches_more(path, &edge.right, progress),
                    (false, true) => has_right = self.reaches_more(path, &edge.left, progress),
                    (false, false) => {}
                }
            }
            if has_left && has_right && edge.path.is_none() {
                // Rows that follow each other mostly share what was bound first, and so its list of edges.
                has_left = left < right;
                has_right = !has_left;
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
            if progress.has(&role.hyperedge) {
                moves.push(Move::Star { role: index });
            } else if progress.has(&role.member) {
                moves.push(Move::Member { role: index });
            }
        }
        moves
            .into_iter()
            .map(|next| (next, self.growth(next, progress)))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Whether a search for shortest paths starts before its other end `to` is known: it then finds the paths to all entities,
    /// which costs no more than to find those to many, and spares the pairs of both ends. Where few entities are expected
    /// at the other end, it waits for them.
    fn reaches_more(&self, path: &PatternPath, to: &str, progress: &Progress) -> bool {
        if !path.finds_each_end_once() {
            return false;
        }
        let all = self.tables_of(to).map_or(1.0, |own| self.rows_of(own));
        let mut apart = progress.apart();
        apart.outside.extend(progress.outside.iter().cloned());
        let Some(start) = self.best_start_of(to, &apart) else {
            return false;
        };
        self.start(start, &mut apart, &mut LogicalPlan::Unit);
        self.reach_connected(&mut apart, &mut LogicalPlan::Unit);
        let reached = match path.most {
            Some(most) => DEGREE_OF_PATTERN.powi(most.min(8) as i32).min(all),
            None => all,
        };
        apart.rows > FEW_TARGETS && apart.rows * WORTHWHILE >= reached
    }

    /// What the pairs are expected to cost that searches wait for whose other end is not known.
    fn cost_of_waiting(&self, progress: &Progress) -> f64 {
        let searches = self.graph.edges.iter().filter(|edge| {
            let path = edge.path.as_ref();
            path.is_some_and(|path| path.search != PathSearch::Trails)
        });
        let pairs = searches.map(|edge| {
            let free = match (progress.has(&edge.left), progress.has(&edge.right)) {
                (true, false) => &edge.right,
                (false, true) => &edge.left,
                _ => return 0.0,
            };
            if progress.outside.contains(free) {
                return 0.0;
            }
            let rows = self.tables_of(free).map_or(1.0, |own| self.rows_of(own));
            progress.rows * (rows * self.selectivity(free)).max(1.0) * EXPANSION_COST
        });
        pairs.sum()
    }

    /// The cheapest start of what is tied to the entity `variable` and not to what is bound.
    fn best_start_of(&self, variable: &str, apart: &Progress) -> Option<usize> {
        let starts = self.graph.entities.iter().enumerate();
        let free = starts.filter(|(_, entity)| {
            !apart.has(&entity.variable) && !apart.outside.contains(&entity.variable)
        });
        let costs = free.filter_map(|(index, _)| {
            let mut trial = apart.clone();
            self.start(index, &mut trial, &mut LogicalPlan::Unit);
            self.reach_connected(&mut trial, &mut LogicalPlan::Unit);
            trial.has(variable).then_some((trial.cost, index))
        });
        let best = costs.min_by(|(a, _), (b, _)| a.total_cmp(b));
        best.map(|(_, index)| index)
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
                if edge.path.is_none() {
                    let roles = edge.roles_at(from);
                    degree += self.surplus(from, &edge.tables, &roles, starts, progress);
                }
                if let Some(path) = &edge.path {
                    if matches!(path.hop, PatternHop::Pattern { .. }) {
                        degree = DEGREE_OF_PATTERN;
                    }
                    // A path of unknown length is followed last.
                    let hops = path.most.unwrap_or(path.least + 4).min(8) as i32;
                    degree = degree.max(1.5).powi(hops);
                }
                let ends = self.tables_of(to).map_or(1.0, |own| self.rows_of(own));
                if edge
                    .path
                    .as_ref()
                    .is_some_and(PatternPath::finds_each_end_once)
                {
                    degree = degree.min(ends);
                }
                if progress.has(to) {
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
                let mut degree = incidences / members.max(1.0);
                if let Some(tables) = self.tables_of(&step.hyperedge) {
                    let roles: Vec<&str> = step.roles.iter().map(String::as_str).collect();
                    degree += self.surplus(&step.member, tables, &roles, members, progress);
                }
                degree
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

    pub(super) fn star_growth(
        &self,
        hyperedge: &str,
        except: Option<usize>,
        progress: &Progress,
    ) -> f64 {
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
            growth *= if progress.has(&step.member) {
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
}
