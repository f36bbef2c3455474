//! The rule: finds aggregates over patterns, and replaces the patterns where that is expected to pay.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Result, Tables, Type};

use super::super::Facts;
use super::super::estimate_rows::estimate_rows;
use super::super::push_filters::push_filters;
use super::merged::merged_patterns;
use super::region::{Place, Region, Step, StepKind};
use super::rewritten::{Rewritten, rewritten};
use super::tree::{Conditions, weighted_term, work};
use crate::{Aggregate, HyperedgeScan, LogicalPlan, NodeScan, WeightedCount, WeightedRoot};

/// The time that a row of an expansion takes, in incidences whose weights are added.
const ROW_WORK: f64 = 16.0;

/// The column of counts.
const COUNT: &str = "#weight";

/// Replaces patterns that are only aggregated. A subplan starts from the rows of its outer side, and stays as it is.
///
/// # Errors
/// Those of type inference.
pub(in crate::optimizer) fn weigh_patterns(
    plan: LogicalPlan,
    facts: Facts<'_>,
) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    if let LogicalPlan::Aggregate(aggregate) = plan
        && let Some(counted) = counted(aggregate, facts)?
    {
        return Ok(counted);
    }
    plan.try_map_outer(&mut |input| rewrite(input, facts))
}

/// The aggregate over counts of its pattern; `None` where rows are made as before.
fn counted(aggregate: &Aggregate, facts: Facts<'_>) -> Result<Option<LogicalPlan>> {
    let Some(region) = Region::of(&aggregate.input) else {
        return Ok(None);
    };
    let Some(Rewritten { root, above }) = rewritten(aggregate, &region, COUNT)? else {
        return Ok(None);
    };
    let Some(count) = weighted_count(&region, root, facts)? else {
        return Ok(None);
    };
    if !pays(aggregate, &region, root, &count, facts) {
        return Ok(None);
    }
    Ok(Some(above.over(LogicalPlan::WeightedCount(count))))
}

/// The counts of the region by the place `root`; `None` where weights do not count it.
fn weighted_count(
    region: &Region,
    root: Option<usize>,
    facts: Facts<'_>,
) -> Result<Option<WeightedCount>> {
    let Some(patterns) = merged_patterns(region) else {
        return Ok(None);
    };
    let (mut inputs, mut conditions) = (Vec::new(), Conditions::default());
    for (number, place) in region.places.iter().enumerate() {
        if let Some(plan) = place_input(place) {
            conditions.places.insert(number, inputs.len());
            inputs.push(Arc::new(push_filters(plan, facts)?));
        }
    }
    for (number, step) in region.steps.iter().enumerate() {
        if let Some(plan) = step_input(step) {
            conditions.steps.insert(number, inputs.len());
            inputs.push(Arc::new(push_filters(plan, facts)?));
        }
    }
    let statistics = facts.statistics;
    let terms = patterns.iter();
    let terms = terms.map(|own| weighted_term(region, own, root, &conditions, statistics));
    let Some(terms) = terms.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let root = root.map(|root| WeightedRoot {
        column: region.places[root].variable.clone(),
        ty: region.places[root].ty.clone(),
    });
    Ok(Some(WeightedCount {
        inputs,
        terms,
        root,
        count: COUNT.to_owned(),
        pattern: shown(region),
    }))
}

/// Whether the counts are expected to take less time than the rows.
fn pays(
    aggregate: &Aggregate,
    region: &Region,
    root: Option<usize>,
    count: &WeightedCount,
    facts: Facts<'_>,
) -> bool {
    // One step from the place that is scanned is the length of a list, which needs no pass; but a hyperedge has no list.
    let is_star = matches!(region.steps[0].kind, StepKind::Role(_)) && region.steps[0].from == 0;
    if region.steps.len() == 1
        && !is_star
        && root.is_none_or(|root| root == 0)
        && region.places[1].conjuncts.is_empty()
        && region.steps[0].conjuncts.is_empty()
        && aggregate
            .aggregates
            .iter()
            .all(|(call, _)| call.counts_rows())
    {
        return false;
    }
    let terms = count.terms.iter();
    let by_weights: f64 = terms.map(|term| work(&term.root, facts.statistics)).sum();
    rows_made(&aggregate.input, facts) * ROW_WORK >= by_weights
}

/// The rows that the nodes of a pattern make together, about.
fn rows_made(plan: &LogicalPlan, facts: Facts<'_>) -> f64 {
    let own = estimate_rows(plan, facts);
    let inputs = plan.inputs().into_iter();
    own + inputs.map(|input| rows_made(input, facts)).sum::<f64>()
}

/// The entities of a place that pass what is asked of them alone; `None` where nothing is asked.
fn place_input(place: &Place) -> Option<LogicalPlan> {
    if place.conjuncts.is_empty() && place.predicate.is_empty() {
        return None;
    }
    let tables = Tables::from(place.tables.clone());
    let (variable, label) = (place.variable.clone(), place.label.clone());
    let scan = match &place.ty {
        Type::Hyperedge(_) => hyperedge_scan(variable, tables, label, place.predicate.clone()),
        ty => LogicalPlan::NodeScan(NodeScan {
            variable,
            ty: ty.clone(),
            tables,
            label,
            properties: Vec::new(),
            predicate: place.predicate.clone(),
            index: None,
        }),
    };
    Some(scan.filtered(place.conjuncts.clone()))
}

/// The edges of a step that pass what is asked of them alone; `None` where nothing is asked.
fn step_input(step: &Step) -> Option<LogicalPlan> {
    let edge = step.edge.clone().filter(|_| !step.conjuncts.is_empty())?;
    let (tables, label) = (Tables::from(step.tables.clone()), step.label.clone());
    let scan = hyperedge_scan(edge, tables, label, Vec::new());
    Some(scan.filtered(step.conjuncts.clone()))
}

fn hyperedge_scan(
    variable: String,
    tables: Tables,
    label: String,
    predicate: Vec<grism_core::Comparison>,
) -> LogicalPlan {
    LogicalPlan::HyperedgeScan(HyperedgeScan {
        variable,
        tables,
        label,
        bindings: Vec::new(),
        properties: Vec::new(),
        predicate,
        index: None,
    })
}

/// The pattern as plans show it: `(a:Person)-[:KNOWS]->(b), (m:MEETING)-[:attendee]->(b)`.
fn shown(region: &Region) -> String {
    let mut labelled = BTreeSet::new();
    let mut place = |number: usize| {
        let own = &region.places[number];
        let name = match own.variable.starts_with('#') {
            true => "",
            false => own.variable.as_str(),
        };
        match labelled.insert(number) && !own.label.is_empty() {
            true => format!("({name}:{})", own.label),
            false => format!("({name})"),
        }
    };
    let steps = region.steps.iter().map(|step| {
        let edge = step.edge.as_deref().filter(|own| !own.starts_with('#'));
        let edge = edge.unwrap_or_default();
        let arrow = match step.kind {
            StepKind::Undirected => "-",
            StepKind::Directed | StepKind::Role(_) => "->",
        };
        let label = match step.label.is_empty() {
            true => String::new(),
            false => format!(":{}", step.label),
        };
        let (from, to) = (place(step.from), place(step.to));
        format!("{from}-[{edge}{label}]{arrow}{to}")
    });
    steps.collect::<Vec<_>>().join(", ")
}
