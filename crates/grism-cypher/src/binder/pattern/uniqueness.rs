//! The uniqueness of relationships and incidences within one MATCH.

use grism_core::{Cardinality, GraphSchema, HyperedgeType, Tables};
use grism_logical::pattern::PatternGraph;
use grism_logical::{BinaryOperator, LogicalExpr, Quantifier, UnaryOperator};

use super::walked::Walked;
use crate::binder::Notes;

/// Two relationships, or two incidences, of one MATCH are never the same, but for what is `walked`.
pub(super) fn uniqueness(
    schema: &GraphSchema,
    notes: &mut Notes,
    graph: &mut PatternGraph,
    walked: &Walked,
) -> Vec<LogicalExpr> {
    let mut conditions = uniqueness_of_edges(notes, graph, walked);
    conditions.extend(uniqueness_of_groups(notes, graph, walked));
    for index in 0..graph.roles.len() {
        for other in 0..index {
            if !walked.roles.contains(&index) && !walked.roles.contains(&other) {
                different_incidences(schema, notes, graph, [index, other], &mut conditions);
            }
        }
    }
    conditions
}

/// No two edges are the same, and none is among the hops of another.
fn uniqueness_of_edges(
    notes: &mut Notes,
    graph: &PatternGraph,
    walked: &Walked,
) -> Vec<LogicalExpr> {
    let mut conditions = Vec::new();
    for (index, a) in graph.edges.iter().enumerate() {
        if walked.edges.contains(&index) {
            continue;
        }
        for (_, b) in graph.edges[..index]
            .iter()
            .enumerate()
            .filter(|(other, _)| !walked.edges.contains(other))
            .filter(|(_, b)| overlap(&a.tables, &b.tables))
        {
            let (first, second) = (
                LogicalExpr::column(&b.variable),
                LogicalExpr::column(&a.variable),
            );
            conditions.push(match (&b.path, &a.path) {
                (None, None) => differ(first, second),
                (None, Some(_)) => is_not_in(first, second),
                (Some(_), None) => is_not_in(second, first),
                (Some(_), Some(_)) => nothing_common(notes, first, second),
            });
        }
    }
    conditions
}

/// Adds that two role steps bind different incidences, where they could bind the same.
fn different_incidences(
    schema: &GraphSchema,
    notes: &mut Notes,
    graph: &mut PatternGraph,
    [index, other]: [usize; 2],
    conditions: &mut Vec<LogicalExpr>,
) {
    let (a, b) = (&graph.roles[index], &graph.roles[other]);
    // Within one star the operator itself binds different incidences.
    if a.hyperedge == b.hyperedge || !a.roles.iter().any(|role| b.roles.contains(role)) {
        return;
    }
    let (a_tables, b_tables) = (graph.tables(&a.hyperedge), graph.tables(&b.hyperedge));
    if !overlap(&a_tables, &b_tables) {
        return;
    }
    let other_hyperedge = differ(
        LogicalExpr::column(&b.hyperedge),
        LogicalExpr::column(&a.hyperedge),
    );
    let binds_once = |ty: &HyperedgeType| {
        let mut roles = ty.roles.iter();
        roles.all(|role| role.cardinality != Cardinality::Many || !a.roles.contains(&role.name))
    };
    let once = a_tables.iter().chain(b_tables.iter()).all(|table| {
        let table = schema.table(*table).ok();
        table
            .and_then(|table| table.hyperedge_type())
            .is_some_and(binds_once)
    });
    if once && a.roles.len() == 1 && b.roles.len() == 1 {
        // Several roles of the same two hyperedges ask for this once.
        if !conditions.contains(&other_hyperedge) {
            conditions.push(other_hyperedge);
        }
        return;
    }
    // One hyperedge may bind the role several times: the incidences themselves must differ.
    let (a, b) = (
        incidence_column(notes, graph, index),
        incidence_column(notes, graph, other),
    );
    let part = |incidence: &str, key: &str| LogicalExpr::Field {
        base: Box::new(LogicalExpr::column(incidence)),
        key: key.to_owned(),
    };
    let by_part = ["role", "position"].map(|key| differ(part(&b, key), part(&a, key)));
    let either = std::iter::once(other_hyperedge).chain(by_part);
    conditions.push(LogicalExpr::any(either));
}

/// What a repeated pattern takes is taken neither by a step beside it nor by another repeated pattern.
fn uniqueness_of_groups(
    notes: &mut Notes,
    graph: &mut PatternGraph,
    walked: &Walked,
) -> Vec<LogicalExpr> {
    let mut conditions = Vec::new();
    for (index, taken) in graph.taken.clone().iter().enumerate() {
        if walked.groups.contains(&taken.group) {
            continue;
        }
        let list = || LogicalExpr::column(&taken.column);
        let same_kind = |roles: Option<&Vec<String>>| match (&taken.roles, roles) {
            (None, None) => true,
            (Some(own), Some(roles)) => own.iter().any(|role| roles.contains(role)),
            _ => false,
        };
        let others: Vec<String> = graph.taken[..index]
            .iter()
            .filter(|other| other.group != taken.group)
            .filter(|other| !walked.groups.contains(&other.group))
            .filter(|other| same_kind(other.roles.as_ref()))
            .filter(|other| overlap(&other.tables, &taken.tables))
            .map(|other| other.column.clone())
            .collect();
        for other in others {
            conditions.push(nothing_common(notes, list(), LogicalExpr::Column(other)));
        }
        let edges = graph.edges.iter().enumerate();
        for (place, edge) in edges.filter(|_| taken.roles.is_none()) {
            if walked.edges.contains(&place) || !overlap(&edge.tables, &taken.tables) {
                continue;
            }
            let own = LogicalExpr::column(&edge.variable);
            conditions.push(match &edge.path {
                None => is_not_in(own, list()),
                Some(_) => nothing_common(notes, own, list()),
            });
        }
        for place in 0..graph.roles.len() {
            let role = &graph.roles[place];
            if !walked.roles.contains(&place)
                && same_kind(Some(&role.roles))
                && overlap(&graph.tables(&role.hyperedge), &taken.tables)
            {
                let incidence = incidence_column(notes, graph, place);
                conditions.push(is_not_in(LogicalExpr::Column(incidence), list()));
            }
        }
    }
    conditions
}

/// Whether no element of one list stands in the other.
pub(super) fn nothing_common(notes: &mut Notes, a: LogicalExpr, b: LogicalExpr) -> LogicalExpr {
    let variable = notes.fresh("element");
    let stands = LogicalExpr::column(&variable).binary(BinaryOperator::In, b);
    LogicalExpr::Quantified {
        quantifier: Quantifier::None,
        list: Box::new(a),
        variable,
        predicate: Box::new(stands),
    }
}

/// The column of the incidence that a role step of the graph binds; it gets one where it has none.
pub(super) fn incidence_column(
    notes: &mut Notes,
    graph: &mut PatternGraph,
    index: usize,
) -> String {
    if graph.roles[index].incidence.is_none() {
        graph.roles[index].incidence = Some(notes.fresh("incidence"));
    }
    graph.roles[index].incidence.clone().unwrap_or_default()
}

fn differ(a: LogicalExpr, b: LogicalExpr) -> LogicalExpr {
    a.binary(BinaryOperator::NotEqual, b)
}

fn overlap(a: &Tables, b: &Tables) -> bool {
    a.iter().any(|table| b.contains(table))
}

/// That the element is not in the list.
pub(super) fn is_not_in(element: LogicalExpr, list: LogicalExpr) -> LogicalExpr {
    element
        .binary(BinaryOperator::In, list)
        .unary(UnaryOperator::Not)
}
