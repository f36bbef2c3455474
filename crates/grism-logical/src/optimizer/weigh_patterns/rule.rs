//! The rule: finds aggregates over patterns, and replaces the patterns where that is expected to pay.

use grism_core::{Result, Value, with_stack};
use std::collections::BTreeSet;

use super::super::Facts;
use super::super::drop_implied_uniqueness::different;
use super::super::estimate_rows::estimate_rows;
use super::super::group_entities::names_entity;
use super::super::push_filters::push_filters;
use super::inputs::{place_input, step_input};
use super::merged::{Merged, merged_patterns};
use super::pinned::CountedBy;
use super::region::{Region, StepKind};
use super::rewritten::{Rewritten, rewritten};
use super::shape::Conditions;
use super::tree::weighted_term;
use crate::optimizer::recognized::only_drops;
use crate::{
    Aggregate, BinaryOperator, Internal, LogicalExpr, LogicalPlan, NamedExpr, PlanSchema,
    SharedPlan, WeightedCount, WeightedRoot, is_internal,
};

/// The time that a row of an expansion takes, in incidences whose weights are added.
const ROW_WORK: f64 = 16.0;

/// The same for a row of a scan of hyperedges with their members.
const STAR_ROW_WORK: f64 = 2.0;

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
    let Some(Rewritten { roots, above }) = rewritten(aggregate, &regions)? else {
        return Ok(None);
    };
    let (mut parts, mut is_weighed) = (Vec::new(), false);
    for (pattern, region) in patterns.into_iter().zip(&regions) {
        let places: Vec<usize> = roots.iter().filter_map(|root| region.place(root)).collect();
        let made = rows_made(pattern, facts);
        let costed = weighted_count(region, &places, made, facts)?;
        let costed = costed.filter(|costed| pays(pattern, region, &places, costed.work, made));
        is_weighed |= costed.is_some();
        parts.push(SharedPlan::new(match costed {
            Some(costed) => {
                LogicalPlan::WeightedCount(costed.count).filtered(region.residual.clone())
            }
            None => rows_of_one(pattern, &roots),
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
    if roots.is_empty() && !aggregate.keys.is_empty() {
        // A group without rows does not exist.
        let none = LogicalExpr::Literal(Value::Int64(0));
        let is_any =
            LogicalExpr::column(Internal::Weight.column()).binary(BinaryOperator::Greater, none);
        counts = counts.filtered(vec![is_any]);
    }
    // The rows of one pattern have each pair once.
    if let ([_, _], [only]) = (&roots[..], &regions[..])
        && is_weighed
        && keys_name_all(aggregate, &roots, &only.schema(), facts)
    {
        return Ok(Some(above.over_groups(counts)));
    }
    Ok(Some(above.over(counts)))
}

/// Whether keys tell which entities a row has: each is a key itself, or its own key is among them.
fn keys_name_all(
    aggregate: &Aggregate,
    roots: &[String],
    schema: &PlanSchema,
    facts: Facts<'_>,
) -> bool {
    roots.iter().all(|root| {
        let mut keys = aggregate.keys.iter().map(|own| &own.expression);
        keys.any(|key| names_entity(key, root, schema, facts))
    })
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
fn rows_of_one(pattern: &LogicalPlan, roots: &[String]) -> LogicalPlan {
    let roots = roots.iter().map(NamedExpr::column);
    let one = LogicalExpr::Literal(Value::Int64(1)).named(Internal::Weight.column());
    LogicalPlan::Project {
        input: SharedPlan::new(pattern.clone()),
        expressions: roots.chain([one]).collect(),
    }
}

/// A count, and about how many incidences are read for it.
struct CostedCount {
    count: WeightedCount,
    work: f64,
}

/// The counts of the region by the places `roots`, whose nodes make so many rows; `None` where weights do not count it.
fn weighted_count(
    region: &Region,
    roots: &[usize],
    rows_made: f64,
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
    let ways: Vec<(CountedBy, Vec<usize>)> = match *roots {
        [] => vec![(CountedBy::Nothing, vec![])],
        [own] => vec![(CountedBy::Place(own), vec![own])],
        [a, b] => vec![
            (CountedBy::Pair(a, b), vec![a, b]),
            (CountedBy::Pair(b, a), vec![b, a]),
        ],
        _ => return Ok(None),
    };
    // A condition may tell the two entities of a pair apart.
    let is_asked = |own: &(Merged, i64)| match *roots {
        [a, b] => own.0.place_of[a] != own.0.place_of[b] || !tells_apart(region, a, b),
        _ => true,
    };
    let statistics = facts.statistics;
    let costed = ways.into_iter().filter_map(|(by, roots)| {
        let terms = patterns.iter().filter(|own| is_asked(own));
        let terms = terms.map(|own| weighted_term(region, own, by, &conditions, statistics));
        let terms = terms.collect::<Option<Vec<_>>>()?;
        let work: f64 = terms.iter().map(|own| own.work).sum();
        Some((work, terms, roots))
    });
    let Some((work, terms, roots)) = costed.min_by(|a, b| a.0.total_cmp(&b.0)) else {
        return Ok(None);
    };
    let entities = |own: &usize| {
        let tables = region.places[*own].tables.iter();
        tables
            .map(|table| statistics.rows(*table) as f64)
            .sum::<f64>()
    };
    let expected_pairs = roots.iter().map(entities).product::<f64>().min(rows_made);
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
    let roots = roots.into_iter().map(|root| WeightedRoot {
        column: region.places[root].variable.clone(),
        ty: region.places[root].ty.clone(),
    });
    Ok(Some(CostedCount {
        count: WeightedCount {
            inputs,
            terms: terms.into_iter().map(|own| own.term).collect(),
            roots: roots.collect(),
            count: Internal::Weight.column(),
            pattern: shown(region),
            pinned,
            expected_pairs,
        },
        work,
    }))
}

/// Whether a condition says that the entities of two places differ.
fn tells_apart(region: &Region, a: usize, b: usize) -> bool {
    let place = |name: &str| region.place(name);
    let mut pairs = region.residual.iter().filter_map(different);
    pairs.any(|(one, other)| {
        let pair = (place(one), place(other));
        pair == (Some(a), Some(b)) || pair == (Some(b), Some(a))
    })
}

/// Whether the counts are expected to take less time than the rows that are made without them.
fn pays(
    pattern: &LogicalPlan,
    region: &Region,
    roots: &[usize],
    work: f64,
    rows_made: f64,
) -> bool {
    if let [_, _] = roots {
        // A step between the two has a row for each of its relationships, which is what is counted.
        if region.places.len() == 2 {
            return false;
        }
        let row_work = match scans_one_star(pattern) {
            true => STAR_ROW_WORK,
            false => ROW_WORK,
        };
        return rows_made * row_work >= work;
    }
    let is_star = matches!(region.steps[0].kind, StepKind::Role(_)) && region.steps[0].from == 0;
    // One step from the place that is scanned to another one is the length of a list, which needs no pass; but a hyperedge has no
    // list.
    let other = region.places.get(1);
    if region.steps.len() == 1
        && !is_star
        && roots.iter().all(|root| *root == 0)
        && other.is_some_and(|other| other.conjuncts.is_empty())
        && region.steps[0].conjuncts.is_empty()
    {
        return false;
    }
    rows_made * ROW_WORK >= work
}

/// Whether a plan reads hyperedges with the members in their roles, and goes no further.
fn scans_one_star(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter { input, .. } | LogicalPlan::Project { input, .. } => {
            with_stack(|| scans_one_star(input))
        }
        other => matches!(other, LogicalPlan::HyperedgeScan(_)),
    }
}

/// The rows that the nodes of a pattern make together, about.
fn rows_made(plan: &LogicalPlan, facts: Facts<'_>) -> f64 {
    let own = estimate_rows(plan, facts);
    let inputs = plan.inputs().into_iter();
    own + inputs.map(|input| rows_made(input, facts)).sum::<f64>()
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
