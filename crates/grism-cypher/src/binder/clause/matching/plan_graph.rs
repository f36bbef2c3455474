//! From the graph of a pattern to a plan.

use grism_core::Result;
use grism_logical::LogicalExpr;
use grism_logical::pattern::{PatternGraph, PatternRole, plan_pattern};

use crate::binder::clause::rows::{OpenPattern, Rows};
use crate::binder::pattern::estimate;
use crate::binder::{Notes, QueryContext};
use crate::syntax::Expr;

/// Plans a pattern on top of the rows, or together with the pattern that their plan ends with: so the clauses of a query
/// may follow each other in any order.
pub(super) fn plan_graph(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    mut graph: PatternGraph,
    mut conditions: Vec<LogicalExpr>,
    predicates: &[&Expr],
) -> Result<Rows> {
    let input = match rows.open.filter(|open| can_join(&open.graph, &graph)) {
        None => rows.plan,
        Some(open) => {
            graph = joined(open.graph, graph);
            conditions.splice(0..0, open.conditions);
            open.input
        }
    };
    graph.first_temporary = notes.counter;
    notes.counter += 2 * (graph.edges.len() + graph.roles.len());
    let columns = input.schema()?;
    estimate(
        context,
        &rows.scope,
        &mut graph,
        &conditions,
        predicates,
        &columns,
    );
    let bind = context.bind;
    let (schema, statistics) = (bind.schema, bind.statistics);
    let plan = plan_pattern(&graph, input.clone(), schema, statistics, bind.order)?;
    Ok(Rows {
        plan: plan.filtered(conditions.clone()),
        scope: rows.scope,
        open: Some(OpenPattern {
            input,
            graph,
            conditions,
        }),
    })
}

/// Whether the patterns of two clauses can be planned as one: not where both bind a role of one hyperedge, since one clause
/// does not bind an incidence twice and two clauses may.
fn can_join(first: &PatternGraph, second: &PatternGraph) -> bool {
    let clash = |a: &PatternRole| {
        let same = |b: &&PatternRole| b.hyperedge == a.hyperedge;
        let mut others = second.roles.iter().filter(same);
        others.any(|b| b.roles.iter().any(|role| a.roles.contains(role)))
    };
    !first.roles.iter().any(clash)
}

/// The elements of both patterns.
fn joined(mut first: PatternGraph, second: PatternGraph) -> PatternGraph {
    for entity in second.entities {
        let known = first
            .entities
            .iter()
            .any(|own| own.variable == entity.variable);
        if !known {
            first.entities.push(entity);
        }
    }
    first.edges.extend(second.edges);
    first.roles.extend(second.roles);
    first.taken.extend(second.taken);
    first
}
