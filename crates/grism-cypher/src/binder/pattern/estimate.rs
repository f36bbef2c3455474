//! What predicates are expected to leave of a pattern's elements, which decides the order in which they are found.

use std::collections::BTreeMap;

use grism_core::{ComparisonOperator, GraphSchema, Tables, share_of_all};
use grism_logical::pattern::{PatternFilter, PatternGraph};
use grism_logical::{LogicalExpr, PlanSchema};

use super::predicates::{Asked, Known, Predicate, asked_by_condition, asked_by_text};
use crate::binder::QueryContext;
use crate::binder::names::Scope;
use crate::syntax::Expr;

/// The share that a predicate leaves of which nothing is known.
const UNKNOWN: f64 = 0.4;

/// The share that an equality leaves where the number of values is not known.
const EQUAL: f64 = 0.05;

/// The least share: nothing is certain to be left out.
const LEAST: f64 = 1e-12;

/// Estimates what share of each element's tables its predicates leave, and of the rows those on several elements, for the
/// order of the pattern.
pub(crate) fn estimate(
    context: QueryContext<'_>,
    scope: &Scope,
    graph: &mut PatternGraph,
    conditions: &[LogicalExpr],
    predicates: &[&Expr],
    bound: &PlanSchema,
) {
    let mut asked: BTreeMap<String, Vec<Asked>> = BTreeMap::new();
    let mut filters = Vec::new();
    let known = Known {
        context,
        scope,
        bound,
    };
    let of_conditions = conditions
        .iter()
        .flat_map(|condition| asked_by_condition(condition, bound));
    let of_texts = predicates
        .iter()
        .flat_map(|predicate| asked_by_text(known, predicate));
    for predicate in of_conditions.chain(of_texts) {
        match predicate {
            Predicate::Tested(column, own) => asked.entry(column).or_default().push(own),
            Predicate::Compared(operator, sides) => {
                let selectivity = share_of_pair(context, graph, operator, &sides);
                filters.push(PatternFilter {
                    columns: sides.map(|(column, _)| column).into(),
                    selectivity,
                });
            }
        }
    }
    let selectivity = |column: &str, tables: &Tables| match asked.get(column) {
        Some(asked) if !bound.contains(column) => share_of(context, tables, asked).max(LEAST),
        _ => 1.0,
    };
    for entity in &mut graph.entities {
        let tables = entity.ty.tables().cloned().unwrap_or_default();
        entity.selectivity = selectivity(&entity.variable, &tables);
    }
    for edge in graph.edges.iter_mut().filter(|edge| edge.path.is_none()) {
        edge.selectivity = selectivity(&edge.variable, &edge.tables);
    }
    graph.filters = filters;
}

/// The share of the rows of `tables` that are expected to pass everything that is asked.
fn share_of(context: QueryContext<'_>, tables: &Tables, asked: &[Asked]) -> f64 {
    let shares: Vec<_> = asked
        .iter()
        .map(|asked| match asked {
            Asked::Compared(key, operator, _) => {
                (key.as_str(), *operator, share(context, tables, asked))
            }
            // Neither is a bound of a range.
            Asked::OneOf(key, _) => (
                key.as_str(),
                ComparisonOperator::Equal,
                share(context, tables, asked),
            ),
            _ => (
                "",
                ComparisonOperator::NotEqual,
                share(context, tables, asked),
            ),
        })
        .collect();
    share_of_all(&shares)
}

fn share(context: QueryContext<'_>, tables: &Tables, asked: &Asked) -> f64 {
    let statistics = context.bind.statistics;
    match asked {
        Asked::Compared(key, ComparisonOperator::Equal, _)
            if is_key(context.schema(), tables, key) =>
        {
            let rows: u64 = tables.iter().map(|table| statistics.rows(*table)).sum();
            1.0 / rows.max(1) as f64
        }
        Asked::Compared(key, operator, value) => {
            let schema = context.schema();
            let told = statistics.selectivity(schema, tables, key, *operator, value.as_ref());
            told.unwrap_or(share_of_unknown(*operator))
        }
        Asked::OneOf(key, count) => {
            let one = Asked::Compared(key.clone(), ComparisonOperator::Equal, None);
            (share(context, tables, &one) * *count as f64).min(1.0)
        }
        Asked::All(all) => share_of(context, tables, all),
        Asked::Any(any) => {
            let shares = any.iter().map(|asked| share(context, tables, asked));
            shares.sum::<f64>().min(1.0)
        }
        Asked::Other => UNKNOWN,
    }
}

/// The share of the pairs of two elements of which a property of one is expected to compare so with one of the other.
fn share_of_pair(
    context: QueryContext<'_>,
    graph: &PatternGraph,
    operator: ComparisonOperator,
    sides: &[(String, String); 2],
) -> f64 {
    if operator != ComparisonOperator::Equal {
        return share_of_unknown(operator);
    }
    // The values of the side with fewer of them are taken to be among those of the other.
    let of_side = |(column, key): &(String, String)| {
        let edge = graph.edges.iter().find(|edge| edge.variable == *column);
        let tables = edge.map_or_else(|| graph.tables(column), |edge| edge.tables.clone());
        let asked = Asked::Compared(key.clone(), operator, None);
        share(context, &tables, &asked)
    };
    sides.iter().map(of_side).fold(1.0, f64::min)
}

/// The share that is left where the statistics do not tell.
const fn share_of_unknown(operator: ComparisonOperator) -> f64 {
    match operator {
        ComparisonOperator::Equal => EQUAL,
        ComparisonOperator::NotEqual
        | ComparisonOperator::IsNull
        | ComparisonOperator::IsNotNull => 1.0,
        _ => UNKNOWN,
    }
}

fn is_key(schema: &GraphSchema, tables: &Tables, property: &str) -> bool {
    tables.iter().any(|table| {
        let table = schema.table(*table);
        table.is_ok_and(|table| table.key.as_deref() == Some(property))
    })
}
