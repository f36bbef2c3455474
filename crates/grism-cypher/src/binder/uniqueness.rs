//! The uniqueness of relationships and incidences within one MATCH.

use grism_core::{Cardinality, Tables};
use grism_logical::pattern::PatternGraph;
use grism_logical::{BinaryOperator, LogicalExpr, Quantifier, UnaryOperator};

use super::Binder;

impl Binder<'_> {
    /// Two relationships, or two incidences, of one MATCH are never the same.
    pub(super) fn uniqueness(&mut self, graph: &mut PatternGraph) -> Vec<LogicalExpr> {
        let mut conditions = Vec::new();
        let overlap = |a: &Tables, b: &Tables| a.iter().any(|table| b.contains(table));
        let differ = |a: LogicalExpr, b: LogicalExpr| a.binary(BinaryOperator::NotEqual, b);
        for (index, a) in graph.edges.iter().enumerate() {
            for b in graph.edges[..index]
                .iter()
                .filter(|b| overlap(&a.tables, &b.tables))
            {
                let (first, second) = (
                    LogicalExpr::column(&b.variable),
                    LogicalExpr::column(&a.variable),
                );
                conditions.push(match (&b.path, &a.path) {
                    (None, None) => differ(first, second),
                    (None, Some(_)) => first
                        .binary(BinaryOperator::In, second)
                        .unary(UnaryOperator::Not),
                    (Some(_), None) => second
                        .binary(BinaryOperator::In, first)
                        .unary(UnaryOperator::Not),
                    (Some(_), Some(_)) => {
                        self.counter += 1;
                        let variable = format!("#element{}", self.counter);
                        let stands =
                            LogicalExpr::column(&variable).binary(BinaryOperator::In, second);
                        LogicalExpr::Quantified {
                            quantifier: Quantifier::None,
                            list: Box::new(first),
                            variable,
                            predicate: Box::new(stands),
                        }
                    }
                });
            }
        }
        for index in 0..graph.roles.len() {
            for other in 0..index {
                let (a, b) = (&graph.roles[index], &graph.roles[other]);
                // Within one star the operator itself binds different incidences.
                if a.hyperedge == b.hyperedge || !a.roles.iter().any(|role| b.roles.contains(role))
                {
                    continue;
                }
                let tables = |variable: &str| {
                    let entity = graph
                        .entities
                        .iter()
                        .find(|entity| entity.variable == variable);
                    entity
                        .and_then(|entity| entity.ty.tables())
                        .cloned()
                        .unwrap_or_default()
                };
                let (a_tables, b_tables) = (tables(&a.hyperedge), tables(&b.hyperedge));
                if !overlap(&a_tables, &b_tables) {
                    continue;
                }
                let other_hyperedge = differ(
                    LogicalExpr::column(&b.hyperedge),
                    LogicalExpr::column(&a.hyperedge),
                );
                let once = a_tables.iter().chain(b_tables.iter()).all(|table| {
                    self.schema
                        .table(*table)
                        .ok()
                        .and_then(|table| table.hyperedge_type())
                        .is_some_and(|ty| {
                            ty.roles.iter().all(|role| {
                                role.cardinality != Cardinality::Many
                                    || !a.roles.contains(&role.name)
                            })
                        })
                });
                if once && a.roles.len() == 1 && b.roles.len() == 1 {
                    // Several roles of the same two hyperedges ask for this once.
                    if !conditions.contains(&other_hyperedge) {
                        conditions.push(other_hyperedge);
                    }
                    continue;
                }
                // One hyperedge may bind the role several times: the incidences themselves must differ.
                let (a, b) = (
                    self.incidence_column(graph, index),
                    self.incidence_column(graph, other),
                );
                let part = |incidence: &str, key: &str| LogicalExpr::Field {
                    base: Box::new(LogicalExpr::column(incidence)),
                    key: key.to_owned(),
                };
                let by_part = ["role", "position"].map(|key| differ(part(&b, key), part(&a, key)));
                let either = by_part.into_iter().fold(other_hyperedge, |any, next| {
                    any.binary(BinaryOperator::Or, next)
                });
                conditions.push(either);
            }
        }
        conditions
    }

    fn incidence_column(&mut self, graph: &mut PatternGraph, index: usize) -> String {
        if graph.roles[index].incidence.is_none() {
            graph.roles[index].incidence = Some(self.internal_name("incidence"));
        }
        graph.roles[index].incidence.clone().unwrap_or_default()
    }
}
