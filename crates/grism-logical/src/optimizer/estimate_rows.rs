//! How many rows a plan is expected to make, and how many different ones its columns can tell apart.

use grism_core::{
    ComparisonOperator, GraphSchema, GraphStatistics, ScanPredicate, Tables, Type, with_stack,
};

use super::Facts;
use crate::{
    Column, Direction, HyperedgeScan, LogicalPlan, PlanSchema, RoleSource, property_column,
};

/// The rows that `plan` is expected to make; rough, for choices between plans.
pub(super) fn estimate_rows(plan: &LogicalPlan, facts: Facts<'_>) -> f64 {
    let input = || {
        plan.inputs()
            .first()
            .map_or(1.0, |input| with_stack(|| estimate_rows(input, facts)))
    };
    match plan {
        LogicalPlan::Unit | LogicalPlan::Argument(_) => 1.0,
        LogicalPlan::Empty(_) => 0.0,
        LogicalPlan::Rows { rows, .. } => rows.row_count() as f64,
        LogicalPlan::NodeScan(scan) => {
            rows_of(&scan.tables, facts.statistics)
                * selectivity(&scan.predicate, &scan.tables, facts)
        }
        LogicalPlan::HyperedgeScan(scan) => hyperedge_rows(scan, facts),
        LogicalPlan::EdgeExpand(expand) => {
            let both = match expand.direction {
                Direction::Both => 2.0,
                _ => 1.0,
            };
            let edges = rows_of(&expand.tables, facts.statistics) * both;
            let growth = edges / entity_rows(&expand.input, &expand.from, facts);
            match expand.into {
                true => input() * growth / entity_rows(&expand.input, &expand.to, facts),
                false => input() * growth,
            }
        }
        LogicalPlan::RoleExpand(expand) => {
            let incidences = |roles: &[String]| -> f64 {
                let of = |table| {
                    let roles = roles.iter();
                    let counts = roles.map(|role| facts.statistics.incidences(table, role) as f64);
                    counts.sum::<f64>()
                };
                expand.tables.iter().map(|table| of(*table)).sum()
            };
            let rows = rows_of(&expand.tables, facts.statistics).max(1.0);
            let first = match &expand.from {
                RoleSource::Hyperedge => 1.0,
                RoleSource::Member { column, roles, .. } => {
                    incidences(roles) / entity_rows(&expand.input, column, facts)
                }
            };
            let bindings = expand.bindings.iter();
            let others = bindings.map(|binding| incidences(&binding.roles) / rows);
            input() * first * others.product::<f64>()
        }
        LogicalPlan::PathExpand(expand) => {
            let edges = rows_of(&expand.tables, facts.statistics);
            let degree = (edges / entity_rows(&expand.input, &expand.from, facts)).max(1.0);
            input() * degree.powi(expand.most.unwrap_or(4).min(8) as i32)
        }
        LogicalPlan::Repeat(repeat) => {
            let growth = estimate_rows(&repeat.hop, facts).max(1.0);
            input() * growth.powi(repeat.most.unwrap_or(4).min(8) as i32)
        }
        LogicalPlan::Filter { .. } => input() * 0.4,
        LogicalPlan::Unwind { .. } => input() * 4.0,
        LogicalPlan::IndexLookup(_) => input() * 16.0,
        LogicalPlan::LoadRows(_) => input() * 1000.0,
        LogicalPlan::TableCall(_) => input() * 16.0,
        LogicalPlan::Limit { fetch, .. } | LogicalPlan::Sort { fetch, .. } => {
            fetch.map_or_else(input, |fetch| input().min(fetch as f64))
        }
        LogicalPlan::Aggregate(aggregate) if aggregate.keys.is_empty() => 1.0,
        LogicalPlan::Union { inputs } => {
            inputs.iter().map(|input| estimate_rows(input, facts)).sum()
        }
        LogicalPlan::Join(join) if join.on.is_empty() => {
            input() * estimate_rows(&join.right, facts)
        }
        LogicalPlan::Join(join) => input().max(estimate_rows(&join.right, facts)),
        _ => input(),
    }
}

/// The most different rows that columns of these names and types can make; infinite where nothing tells.
pub(super) fn most_different(schema: &PlanSchema, facts: Facts<'_>) -> f64 {
    let of_column = |column: &Column| match column.ty.tables() {
        Some(tables) => rows_of(tables, facts.statistics).max(1.0),
        None => {
            // A property tells no more apart than its entity.
            let entity = schema.columns.iter().find(|entity| {
                let own = column.name.strip_prefix(&entity.name);
                entity.ty.tables().is_some()
                    && own
                        .and_then(|rest| rest.strip_prefix('.'))
                        .is_some_and(|key| property_column(&entity.name, key) == column.name)
            });
            match (entity, &column.ty) {
                (Some(_), _) => 1.0,
                (None, Type::Bool) => 3.0,
                (None, _) => f64::INFINITY,
            }
        }
    };
    schema.columns.iter().map(of_column).product()
}

fn rows_of(tables: &Tables, statistics: &GraphStatistics) -> f64 {
    tables
        .iter()
        .map(|table| statistics.rows(*table) as f64)
        .sum()
}

/// The rows of the tables that the entity in a column of `plan` may come from, at least 1.
fn entity_rows(plan: &LogicalPlan, column: &str, facts: Facts<'_>) -> f64 {
    let schema = plan.schema().unwrap_or_default();
    let tables = schema
        .find(column)
        .and_then(|column| column.ty.tables().cloned());
    tables
        .map_or(1.0, |tables| rows_of(&tables, facts.statistics))
        .max(1.0)
}

fn hyperedge_rows(scan: &HyperedgeScan, facts: Facts<'_>) -> f64 {
    let rows = rows_of(&scan.tables, facts.statistics);
    let mut found = rows * selectivity(&scan.predicate, &scan.tables, facts);
    for binding in &scan.bindings {
        let tables = scan.tables.iter();
        let bound: f64 = tables
            .flat_map(|table| binding.roles.iter().map(move |role| (*table, role)))
            .map(|(table, role)| facts.statistics.incidences(table, role) as f64)
            .sum();
        found *= bound / rows.max(1.0);
    }
    found
}

fn selectivity(predicate: &ScanPredicate, tables: &Tables, facts: Facts<'_>) -> f64 {
    let rows = rows_of(tables, facts.statistics).max(1.0);
    let of = |comparison: &grism_core::Comparison| match comparison.operator {
        ComparisonOperator::Equal if is_key(&comparison.column, tables, facts.schema) => 1.0 / rows,
        operator => {
            let (column, value) = (&comparison.column, Some(&comparison.value));
            let statistics = facts.statistics;
            let told = statistics.selectivity(facts.schema, tables, column, operator, value);
            told.unwrap_or(match operator {
                ComparisonOperator::Equal => 0.05,
                _ => 0.4,
            })
        }
    };
    predicate.iter().map(of).product()
}

fn is_key(property: &str, tables: &Tables, schema: &GraphSchema) -> bool {
    tables.iter().any(|table| {
        let table = schema.table(*table);
        table.is_ok_and(|table| table.key.as_deref() == Some(property))
    })
}
