//! The rule: finds aggregates over patterns, and replaces the patterns where that is expected to pay.

use grism_core::{Result, Tables, Type, Value, with_stack};
use std::collections::BTreeSet;

use super::super::Facts;
use super::super::estimate_rows::estimate_rows;
use super::super::push_filters::push_filters;
use super::merged::merged_patterns;
use super::region::{Place, Region, Step, StepKind};
use super::rewritten::{Rewritten, rewritten};
use super::shape::Conditions;
use super::tree::weighted_term;
use crate::optimizer::recognized::only_drops;
use crate::{
    Aggregate, BinaryOperator, HyperedgeScan, Internal, LogicalExpr, LogicalPlan, NamedExpr,
    NodeScan, SharedPlan, WeightedCount, WeightedRoot, is_internal,
};

/// The time that a row of an expansion takes, in incidences whose weights are added.
const ROW_WORK: f64 = 16.0;

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

/// The aggregate over counts of its patterns, of which each makes a part of its rows; `None` where rows are made as before.
fn counted(aggregate: &Aggregate, facts: Facts<'_>) -> Result<Option<LogicalPlan>> {
    let patterns = patterns(&aggregate.input);
    let regions = patterns.iter().map(|pattern| Region::of(pattern));
    let Some(regions) = regions.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let Some(Rewritten { root, above }) = rewritten(aggregate, &regions)? else {
        return Ok(None);
    };
    let (mut parts, mut is_weighed) = (Vec::new(), false);
    for (pattern, region) in patterns.into_iter().zip(&regions) {
        let place = root.as_ref().and_then(|root| region.place(root));
        let costed = weighted_count(region, place, facts)?;
        let costed = costed.filter(|costed| pays(pattern, region, place, costed.work, facts));
        is_weighed |= costed.is_some();
        parts.push(SharedPlan::new(match costed {
            Some(costed) => LogicalPlan::WeightedCount(costed.count),
            None => rows_of_one(pattern, root.as_ref()),
        }));
    }
    if !is_weighed {
        return Ok(None);
    }
    let mut counts = match <[_; 1]>::try_from(parts) {
        Ok([only]) => only.into_plan(),
        Err(parts) => LogicalPlan::Union {
            inputs: LogicalPlan::same_types(parts)?,
        },
    };
    if root.is_none() && !aggregate.keys.is_empty() {
        // A group without rows does not exist.
        let none = LogicalExpr::Literal(Value::Int64(0));
        let is_any =
            LogicalExpr::column(Internal::Weight.column()).binary(BinaryOperator::Greater, none);
        counts = counts.filtered(vec![is_any]);
    }
    Ok(Some(above.over(counts)))
}

/// The patterns that together make the rows of a plan: steps of any type are planned once for each kind of step.
fn patterns(plan: &LogicalPlan) -> Vec<&LogicalPlan> {
    match plan {
        LogicalPlan::Union { inputs } => inputs.iter().map(SharedPlan::as_ref).collect(),
        LogicalPlan::Project { input, expressions } if only_drops(expressions) => {
            with_stack(|| patterns(input))
        }
        other => vec![other],
    }
}

/// The rows of a pattern, each with the count 1.
fn rows_of_one(pattern: &LogicalPlan, root: Option<&String>) -> LogicalPlan {
    let root = root.map(NamedExpr::column);
    let one = LogicalExpr::Literal(Value::Int64(1)).named(Internal::Weight.column());
    LogicalPlan::Project {
        input: SharedPlan::new(pattern.clone()),
        expressions: root.into_iter().chain([one]).collect(),
    }
}

/// A count, and about how many incidences are read for it.
struct CostedCount {
    count: WeightedCount,
    work: f64,
}

/// The counts of the region by the place `root`; `None` where weights do not count it.
fn weighted_count(
    region: &Region,
    root: Option<usize>,
    facts: Facts<'_>,
) -> Result<Option<CostedCount>> {
    let Some(patterns) = merged_patterns(region) else {
        return Ok(None);
    };
    let (mut inputs, mut conditions) = (Vec::new(), Conditions::default());
    for (number, place) in region.places.iter().enumerate() {
        if let Some(plan) = place_input(place) {
            let plan = push_filters(plan, facts)?;
            let rows = place
                .tables
                .iter()
                .map(|own| facts.statistics.rows(*own) as f64);
            let share = estimate_rows(&plan, facts) / rows.sum::<f64>().max(1.0);
            conditions
                .places
                .insert(number, (inputs.len(), share.min(1.0)));
            inputs.push(SharedPlan::new(plan));
        }
    }
    for (number, step) in region.steps.iter().enumerate() {
        if let Some(plan) = step_input(step) {
            conditions.steps.insert(number, inputs.len());
            inputs.push(SharedPlan::new(push_filters(plan, facts)?));
        }
    }
    let statistics = facts.statistics;
    let terms = patterns.iter();
    let terms = terms.map(|own| weighted_term(region, own, root, &conditions, statistics));
    let Some(terms) = terms.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let work = terms.iter().map(|own| own.work).sum();
    // The whole pattern has the most pins.
    let pins = terms
        .iter()
        .map(|own| &own.pins)
        .max_by_key(|own| own.len());
    let pins = pins
        .into_iter()
        .flatten()
        .map(|own| region.places[*own].variable.clone());
    let pinned = pins.collect();
    let root = root.map(|root| WeightedRoot {
        column: region.places[root].variable.clone(),
        ty: region.places[root].ty.clone(),
    });
    Ok(Some(CostedCount {
        count: WeightedCount {
            inputs,
            terms: terms.into_iter().map(|own| own.term).collect(),
            root,
            count: Internal::Weight.column(),
            pattern: shown(region),
            pinned,
        },
        work,
    }))
}

/// Whether the counts are expected to take less time than the rows.
fn pays(
    pattern: &LogicalPlan,
    region: &Region,
    root: Option<usize>,
    work: f64,
    facts: Facts<'_>,
) -> bool {
    // One step from the place that is scanned is the length of a list, which needs no pass; but a hyperedge has no list.
    let is_star = matches!(region.steps[0].kind, StepKind::Role(_)) && region.steps[0].from == 0;
    if region.steps.len() == 1
        && !is_star
        && root.is_none_or(|root| root == 0)
        && region.places[1].conjuncts.is_empty()
        && region.steps[0].conjuncts.is_empty()
    {
        return false;
    }
    rows_made(pattern, facts) * ROW_WORK >= work
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
        let name = match is_internal(&own.variable) {
            true => "",
            false => own.variable.as_str(),
        };
        match labelled.insert(number) && !own.label.is_empty() {
            true => format!("({name}:{})", own.label),
            false => format!("({name})"),
        }
    };
    let steps = region.steps.iter().map(|step| {
        let edge = step.edge.as_deref().filter(|own| !is_internal(own));
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
