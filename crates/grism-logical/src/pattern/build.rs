//! The operators of a pattern's steps.

use std::sync::Arc;

use grism_core::{Tables, Type};
use grism_functions::{REVERSE, SIZE, TAIL};

use super::moves::Move;
use super::planner::Planner;
use super::progress::Progress;
use super::search::Trial;
use super::{PatternEdge, PatternHop, PatternPath};
use crate::{
    ArithmeticOperator, BinaryOperator, Direction, EdgeExpand, HyperedgeScan, Internal,
    LogicalExpr, LogicalPlan, NamedExpr, NodeScan, PathExpand, Repeat, RoleBinding, RoleExpand,
    RoleSource, SharedPlan,
};

impl Planner<'_> {
    /// Puts the operators of `trial` on top of `plan`, whose progress is that which it was tried on.
    pub(super) fn build(&self, trial: Trial, progress: &mut Progress, plan: &mut LogicalPlan) {
        if let Some(start) = trial.start {
            *plan = self.start(start, progress);
        }
        for next in trial.moves {
            let input = SharedPlan::new(std::mem::replace(plan, LogicalPlan::Unit));
            *plan = self.step(next, input, progress);
        }
        progress.rows = trial.progress.rows;
    }

    /// The scan of an entity.
    fn start(&self, index: usize, progress: &mut Progress) -> LogicalPlan {
        let entity = &self.graph.entities[index];
        let (variable, label) = (entity.variable.clone(), entity.label.clone());
        progress.bind(index);
        let tables = entity.ty.tables().cloned().unwrap_or_default();
        if matches!(entity.ty, Type::Hyperedge(_)) {
            let (bindings, filters) = self.bind_roles(&variable, &tables, progress);
            let scan = HyperedgeScan {
                variable,
                tables,
                label,
                bindings,
                properties: Vec::new(),
                predicate: Vec::new(),
                index: None,
            };
            return LogicalPlan::HyperedgeScan(scan).filtered(filters);
        }
        LogicalPlan::NodeScan(NodeScan {
            variable,
            ty: entity.ty.clone(),
            tables,
            label,
            properties: Vec::new(),
            predicate: Vec::new(),
            index: None,
        })
    }

    /// The operator of one step.
    fn step(&self, next: Move, input: SharedPlan, progress: &mut Progress) -> LogicalPlan {
        match next {
            Move::Edge { index, reversed } => {
                let edge = &self.graph.edges[index];
                progress.reach(index);
                progress.bind(self.name(&edge.variable));
                let (from, to) = edge.ends(reversed);
                if let Some(path) = &edge.path {
                    return self.path_expand(input, edge, path, reversed, progress);
                }
                let into = !progress.bind(self.name(to));
                let to_type = self.type_of(to);
                let restrict = self.restriction(&to_type).filter(|_| !into);
                let expand = EdgeExpand {
                    input,
                    from: from.clone(),
                    tables: Arc::clone(&edge.tables),
                    label: edge.label.clone(),
                    direction: edge.direction.turned(reversed),
                    edge: Some(edge.variable.clone()),
                    to: to.clone(),
                    to_type,
                    restrict,
                    into,
                };
                LogicalPlan::EdgeExpand(expand)
            }
            Move::Star { role } => {
                let hyperedge = self.graph.roles[role].hyperedge.clone();
                self.role_expand(input, RoleSource::Hyperedge, hyperedge, progress)
            }
            Move::Member { role } => {
                let step = &self.graph.roles[role];
                progress.reach(self.role_step(role));
                let names = [Some(&step.hyperedge), step.incidence.as_ref()];
                for column in names.into_iter().flatten() {
                    progress.bind(self.name(column));
                }
                let from = RoleSource::Member {
                    column: step.member.clone(),
                    roles: step.roles.clone(),
                    incidence: step.incidence.clone(),
                    repeats: step.repeats,
                };
                self.role_expand(input, from, step.hyperedge.clone(), progress)
            }
        }
    }

    fn path_expand(
        &self,
        input: SharedPlan,
        edge: &PatternEdge,
        path: &PatternPath,
        reversed: bool,
        progress: &mut Progress,
    ) -> LogicalPlan {
        let (from, to) = edge.ends(reversed);
        // A path that has a target ends there, so no filter needs to say so.
        let (column, closing) = self.target(to, progress);
        let to_type = self.type_of(to);
        let restrict = self.restriction(&to_type).filter(|_| closing.is_none());
        let target = closing.map(|_| to.clone());
        // The lists run the way the path was followed, and are turned round where that was from its right end.
        progress.temporaries += 1;
        let number = progress.temporaries;
        let turned = |column: &str| match reversed {
            true => Internal::Reversed { column, number }.column(),
            false => column.to_owned(),
        };
        let (plan, back) = match &path.hop {
            PatternHop::Edge { properties, nodes } => {
                let plan = LogicalPlan::PathExpand(PathExpand {
                    input,
                    from: from.clone(),
                    tables: Arc::clone(&edge.tables),
                    label: edge.label.clone(),
                    direction: edge.direction.turned(reversed),
                    least: path.least,
                    most: path.most,
                    search: path.search,
                    mode: path.mode,
                    properties: properties.clone(),
                    target,
                    edges: Some(turned(&edge.variable)),
                    nodes: Some(turned(nodes)),
                    length: None,
                    to: column,
                    to_type,
                    restrict,
                });
                let edges = (turned(&edge.variable), edge.variable.clone(), None);
                let nodes = (turned(nodes), nodes.clone(), Some(&edge.right));
                (plan, vec![edges, nodes])
            }
            PatternHop::Pattern {
                forward,
                backward,
                prunable,
            } => {
                let own = if reversed { backward } else { forward };
                let mut collected = own.collected.clone();
                let mut back = Vec::new();
                for list in &mut collected {
                    back.push((turned(&list.into), list.into.clone(), None));
                    list.into = turned(&list.into);
                }
                let plan = LogicalPlan::Repeat(Repeat {
                    input,
                    from: from.clone(),
                    hop: own.hop.clone(),
                    start: own.start.clone(),
                    start_type: own.start_type.clone(),
                    end: own.end.clone(),
                    used: own.used.clone(),
                    collected,
                    label: edge.label.clone(),
                    least: path.least,
                    most: path.most,
                    search: path.search,
                    mode: path.mode,
                    prunable: *prunable,
                    lists: None,
                    target,
                    length: None,
                    to: column,
                    to_type,
                    restrict,
                });
                (plan, back)
            }
        };
        if reversed {
            turned_round(plan, back)
        } else {
            plan
        }
    }

    fn role_expand(
        &self,
        input: SharedPlan,
        from: RoleSource,
        hyperedge: String,
        progress: &mut Progress,
    ) -> LogicalPlan {
        let entity = self.entity(self.name(&hyperedge));
        let tables = entity
            .and_then(|entity| entity.ty.tables())
            .cloned()
            .unwrap_or_default();
        let label = entity
            .map(|entity| entity.label.clone())
            .unwrap_or_default();
        let (bindings, filters) = self.bind_roles(&hyperedge, &tables, progress);
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
        progress: &mut Progress,
    ) -> (Vec<RoleBinding>, Vec<LogicalExpr>) {
        let (mut bindings, mut filters) = (Vec::new(), Vec::new());
        for index in self.roles_of(self.name(hyperedge)) {
            let step = &self.graph.roles[*index];
            if !progress.reach(self.role_step(*index)) {
                continue;
            }
            if let Some(incidence) = &step.incidence {
                progress.bind(self.name(incidence));
            }
            let (member, closing) = self.target(&step.member, progress);
            let member_type = self.type_of(&step.member);
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
                repeats: step.repeats,
            });
        }
        (bindings, filters)
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

    fn type_of(&self, variable: &str) -> Type {
        let entity = self.entity(self.name(variable));
        entity.map_or(Type::Null, |entity| entity.ty.clone())
    }

    /// The tables that an entity of this type is looked for in, where edges may lead elsewhere.
    fn restriction(&self, to: &Type) -> Option<Tables> {
        let all = self.schema.entity_tables();
        to.tables()
            .filter(|tables| !all.iter().all(|table| tables.contains(table)))
            .cloned()
    }

    /// The column a step binds, and the filter that ties it to the variable where that is bound already.
    fn target(&self, variable: &str, progress: &mut Progress) -> (String, Option<LogicalExpr>) {
        if progress.bind(self.name(variable)) {
            return (variable.to_owned(), None);
        }
        progress.temporaries += 1;
        let number = progress.temporaries;
        let temporary = Internal::Reached { variable, number }.column();
        let closing = LogicalExpr::column(&temporary)
            .binary(BinaryOperator::Equal, LogicalExpr::column(variable));
        (temporary, Some(closing))
    }
}

impl PatternEdge {
    /// Where it is followed from and to.
    fn ends(&self, reversed: bool) -> (&String, &String) {
        if reversed {
            (&self.right, &self.left)
        } else {
            (&self.left, &self.right)
        }
    }
}

impl Direction {
    /// The direction as seen from the other end, where `reversed`.
    fn turned(self, reversed: bool) -> Self {
        match (self, reversed) {
            (Self::Out, true) => Self::In,
            (Self::In, true) => Self::Out,
            (direction, _) => direction,
        }
    }
}

/// `plan` with some lists turned round: column, new column, and the entity that the path was followed from, where the list
/// holds the entities that hops led to.
fn turned_round(plan: LogicalPlan, lists: Vec<(String, String, Option<&String>)>) -> LogicalPlan {
    let names: Vec<String> = match plan.schema() {
        Ok(schema) => schema.names().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    let mut expressions: Vec<NamedExpr> = names
        .into_iter()
        .filter(|name| lists.iter().all(|(back, ..)| back != name))
        .map(NamedExpr::column)
        .collect();
    for (back, into, last) in lists {
        let turned = LogicalExpr::call(&REVERSE, vec![LogicalExpr::Column(back.clone())]);
        let Some(last) = last else {
            expressions.push(turned.named(into));
            continue;
        };
        // Without the node the path starts from, and with the one it ends at.
        let without_first = LogicalExpr::call(&TAIL, vec![turned]);
        let ended = without_first.arithmetic(
            ArithmeticOperator::Add,
            LogicalExpr::List(vec![LogicalExpr::column(last)]),
        );
        let is_empty = LogicalExpr::call(&SIZE, vec![LogicalExpr::Column(back.clone())]).binary(
            BinaryOperator::Equal,
            LogicalExpr::Literal(grism_core::Value::Int64(0)),
        );
        let nodes = LogicalExpr::Case {
            branches: vec![(is_empty, LogicalExpr::Column(back))],
            otherwise: Some(Box::new(ended)),
        };
        expressions.push(nodes.named(into));
    }
    LogicalPlan::Project {
        input: SharedPlan::new(plan),
        expressions,
    }
}
