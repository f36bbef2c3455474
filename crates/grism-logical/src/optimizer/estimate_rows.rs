//! How many rows a plan is expected to make, and how many different ones its columns can tell apart.

use grism_core::{
    ComparisonOperator, GraphSchema, GraphStatistics, ScanPredicate, Tables, Type, share_of_all,
    with_stack,
};

use super::Facts;
use crate::{
    Column, Direction, EdgeExpand, HyperedgeScan, LogicalPlan, NodeScan, PathExpand, PathSearch,
    PlanSchema, RoleBinding, RoleSource, property_column,
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
        LogicalPlan::NodeScan(scan) => scan.estimated_rows(facts),
        LogicalPlan::HyperedgeScan(scan) => scan.estimated_rows(facts),
        LogicalPlan::EdgeExpand(expand) => {
            expand.estimated_rows(input(), &schema_of(&expand.input), facts)
        }
        LogicalPlan::RoleExpand(expand) => {
            let growth = role_growth(
                &expand.from,
                &expand.tables,
                &expand.bindings,
                &schema_of(&expand.input),
                facts,
            );
            input() * growth
        }
        LogicalPlan::PathExpand(expand) => {
            expand.estimated_rows(input(), &schema_of(&expand.input), facts)
        }
        LogicalPlan::Repeat(repeat) => {
            let growth = estimate_rows(&repeat.hop, facts).max(1.0);
            let paths = growth.powi(repeat.most.unwrap_or(4).min(8) as i32);
            let (target, ends) = (repeat.target.as_ref(), &repeat.to_type);
            input() * ends_found(paths, repeat.search, target, ends, facts)
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
        LogicalPlan::WeightedCount(count) => count.estimated_rows(facts.statistics),
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
#[must_use]
pub fn most_different(schema: &PlanSchema, facts: Facts<'_>) -> f64 {
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

fn schema_of(plan: &LogicalPlan) -> PlanSchema {
    plan.schema().unwrap_or_default()
}

/// The rows of the tables that the entity in a column may come from, at least 1.
fn entity_rows(schema: &PlanSchema, column: &str, facts: Facts<'_>) -> f64 {
    let tables = schema
        .find(column)
        .and_then(|column| column.ty.tables().cloned());
    tables
        .map_or(1.0, |tables| rows_of(&tables, facts.statistics))
        .max(1.0)
}

impl NodeScan {
    /// About how many rows it makes.
    #[must_use]
    pub fn estimated_rows(&self, facts: Facts<'_>) -> f64 {
        rows_of(&self.tables, facts.statistics) * selectivity(&self.predicate, &self.tables, facts)
    }
}

impl HyperedgeScan {
    /// About how many rows it makes.
    #[must_use]
    pub fn estimated_rows(&self, facts: Facts<'_>) -> f64 {
        let rows = rows_of(&self.tables, facts.statistics);
        let mut found = rows * selectivity(&self.predicate, &self.tables, facts);
        for binding in &self.bindings {
            let tables = self.tables.iter();
            let bound: f64 = tables
                .flat_map(|table| binding.roles.iter().map(move |role| (*table, role)))
                .map(|(table, role)| facts.statistics.incidences(table, role) as f64)
                .sum();
            found *= bound / rows.max(1.0);
        }
        found
    }
}

impl EdgeExpand {
    /// About how many rows it makes of `rows` rows with the columns `input`.
    #[must_use]
    pub fn estimated_rows(&self, rows: f64, input: &PlanSchema, facts: Facts<'_>) -> f64 {
        let both = match self.direction {
            Direction::Both => 2.0,
            _ => 1.0,
        };
        let edges = rows_of(&self.tables, facts.statistics) * both;
        let growth = edges / entity_rows(input, &self.from, facts);
        match self.into {
            true => rows * growth / entity_rows(input, &self.to, facts),
            false => rows * growth,
        }
    }
}

impl PathExpand {
    /// About how many rows it makes of `rows` rows with the columns `input`.
    #[must_use]
    pub fn estimated_rows(&self, rows: f64, input: &PlanSchema, facts: Facts<'_>) -> f64 {
        let edges = rows_of(&self.tables, facts.statistics);
        let degree = (edges / entity_rows(input, &self.from, facts)).max(1.0);
        let paths = degree.powi(self.most.unwrap_or(4).min(8) as i32);
        rows * ends_found(
            paths,
            self.search,
            self.target.as_ref(),
            &self.to_type,
            facts,
        )
    }
}

/// How many of about so many paths from one start a search finds.
fn ends_found(
    paths: f64,
    search: PathSearch,
    target: Option<&String>,
    ends: &Type,
    facts: Facts<'_>,
) -> f64 {
    match (search, target) {
        (PathSearch::Reach | PathSearch::AnyShortest, Some(_)) => 1.0,
        (PathSearch::Reach | PathSearch::AnyShortest, None) => {
            let all = ends
                .tables()
                .map(|tables| rows_of(tables, facts.statistics));
            all.map_or(paths, |all| paths.min(all.max(1.0)))
        }
        _ => paths,
    }
}

/// About how many rows the bindings of a role expansion make of one row with the columns `input`.
#[must_use]
pub fn role_growth(
    from: &RoleSource,
    tables: &Tables,
    bindings: &[RoleBinding],
    input: &PlanSchema,
    facts: Facts<'_>,
) -> f64 {
    let incidences = |roles: &[String]| -> f64 {
        let of = |table| {
            let roles = roles.iter();
            let counts = roles.map(|role| facts.statistics.incidences(table, role) as f64);
            counts.sum::<f64>()
        };
        tables.iter().map(|table| of(*table)).sum()
    };
    let rows = rows_of(tables, facts.statistics).max(1.0);
    let first = match from {
        RoleSource::Hyperedge => 1.0,
        RoleSource::Member { column, roles, .. } => {
            incidences(roles) / entity_rows(input, column, facts)
        }
    };
    let others = bindings
        .iter()
        .map(|binding| incidences(&binding.roles) / rows);
    first * others.product::<f64>()
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
    let shares: Vec<_> = predicate
        .iter()
        .map(|comparison| {
            (
                comparison.column.as_str(),
                comparison.operator,
                of(comparison),
            )
        })
        .collect();
    share_of_all(&shares)
}

fn is_key(property: &str, tables: &Tables, schema: &GraphSchema) -> bool {
    tables.iter().any(|table| {
        let table = schema.table(*table);
        table.is_ok_and(|table| table.key.as_deref() == Some(property))
    })
}
