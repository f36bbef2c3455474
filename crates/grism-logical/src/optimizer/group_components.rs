//! `group_components`: what is asked of all entities that an entity reaches is computed once for each connected component, and
//! not for each entity in it.
//!
//! ```text
//! Aggregate(min(b.id), BY a)          Join(component of a = component of b)
//!   Reach(a to b)                ─►     Components(a)           Aggregate(min(b.id), BY component of b)
//!     Scan(a)                             Scan(a)                 Components(b)
//!                                                                   Scan(b)
//! ```

use std::collections::BTreeSet;

use grism_core::{Result, ScanPredicate, TableId, Tables, Type};

use super::Facts;
use super::estimate_rows::estimate_rows;
use super::planted::is_planted;
use crate::{
    Aggregate, AggregateCall, AggregateFunction, Components, Fetch, HyperedgeScan, Internal, Join,
    JoinKind, ListHop, LogicalExpr, LogicalPlan, NamedAggregate, NamedExpr, NodeScan, PathSearch,
    PropertyRef, SharedPlan, property_column,
};

/// Starts from which on it pays to look at all entities once instead of at those that each start reaches.
const MANY: f64 = 8.0;

/// Rewrites from the leaves up.
///
/// # Errors
/// None of its own.
pub(super) fn group_components(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    // A subplan would find all components for each batch of rows.
    let plan = plan.try_map_outer(&mut |input| rewrite(input, facts))?;
    Ok(match &plan {
        LogicalPlan::Aggregate(aggregate) => grouped(aggregate, facts).unwrap_or(plan),
        _ => plan,
    })
}

/// The aggregate over components, where it is one over all that is reached.
fn grouped(aggregate: &Aggregate, facts: Facts<'_>) -> Option<LogicalPlan> {
    let reached = Reached::below(&aggregate.input)?;
    if estimate_rows(reached.input, facts) < MANY {
        return None;
    }
    let reads_end = |expression: &LogicalExpr| {
        let mut columns = expression.columns().into_iter();
        columns.any(|own| reached.made.contains(&own))
    };
    let keys = aggregate.keys.iter().map(|key| &key.expression);
    let mut of_start = keys.map(|key| !reads_end(key) && !key.is_volatile());
    // Without a key nothing at all is one group.
    if aggregate.keys.is_empty() || !of_start.all(|own| own) {
        return None;
    }
    let from = LogicalExpr::column(&reached.from);
    let by_start = aggregate.keys.iter().any(|key| key.expression == from);
    let mut parts = Vec::new();
    let mut wholes = Vec::new();
    for NamedAggregate { call, name } in &aggregate.aggregates {
        let arguments = || call.arguments.iter();
        let mut columns = BTreeSet::new();
        arguments().for_each(|argument| argument.collect_columns(&mut columns));
        let is_of_end = columns.iter().all(|own| reached.made.contains(own));
        if !is_of_end || arguments().any(LogicalExpr::is_volatile) {
            return None;
        }
        let merged = merged(call, by_start)?;
        let merged = AggregateCall::new(merged, vec![LogicalExpr::column(name)]);
        wholes.push(merged.named(name));
        parts.push(call.clone().named(name));
    }
    if parts.is_empty() {
        return None;
    }
    let numbers = [1, 2].map(|number| Internal::Component(number).column());
    let components = |input: LogicalPlan, entity: &str, component: &str| {
        SharedPlan::new(LogicalPlan::Components(Components {
            input: SharedPlan::new(input),
            entity: entity.to_owned(),
            ways: reached.ways.clone(),
            label: reached.label.clone(),
            component: component.to_owned(),
        }))
    };
    let ends = LogicalPlan::Aggregate(Aggregate {
        input: components(reached.ends(), &reached.to, &numbers[1]),
        keys: vec![NamedExpr::column(&numbers[1])],
        aggregates: parts,
    });
    let [start, end] = numbers.clone().map(LogicalExpr::Column);
    let joined = LogicalPlan::Join(Join {
        kind: JoinKind::Inner,
        left: components(reached.starts(), &reached.from, &numbers[0]),
        right: SharedPlan::new(ends),
        on: vec![(start, end)],
    });
    // The entities of a scan come once each.
    let is_once =
        matches!(&**reached.input, LogicalPlan::NodeScan(scan) if scan.variable == reached.from);
    Some(match by_start && is_once {
        true => {
            let results = aggregate.aggregates.iter();
            let results = results.map(|own| NamedExpr::column(&own.name));
            LogicalPlan::Project {
                input: SharedPlan::new(joined),
                expressions: aggregate.keys.iter().cloned().chain(results).collect(),
            }
        }
        false => LogicalPlan::Aggregate(Aggregate {
            input: SharedPlan::new(joined),
            keys: aggregate.keys.clone(),
            aggregates: wholes,
        }),
    })
}

/// What makes one value of those of several starts. Where all of them are one entity, so are their values.
fn merged(call: &AggregateCall, by_start: bool) -> Option<AggregateFunction> {
    match call.function.built_in()? {
        AggregateFunction::Min if is_planted("group_components") => Some(AggregateFunction::Max),
        AggregateFunction::Min => Some(AggregateFunction::Min),
        AggregateFunction::Max => Some(AggregateFunction::Max),
        AggregateFunction::Count if !call.distinct => Some(AggregateFunction::Sum),
        AggregateFunction::Count if by_start => Some(AggregateFunction::Max),
        _ => None,
    }
}

/// The part of a plan that finds all that entities reach.
struct Reached<'a> {
    input: &'a SharedPlan,
    from: String,
    to: String,
    to_type: Type,
    restrict: Option<Tables>,
    ways: Vec<ListHop>,
    label: String,
    /// The columns of what is reached: the entity and its properties.
    made: BTreeSet<String>,
    properties: Vec<PropertyRef>,
    /// What is fetched of other entities.
    fetches: Vec<&'a Fetch>,
    conjuncts: Vec<LogicalExpr>,
}

impl<'a> Reached<'a> {
    fn below(plan: &'a LogicalPlan) -> Option<Self> {
        let (mut plan, mut fetches, mut conjuncts) = (plan, Vec::new(), Vec::new());
        loop {
            match plan {
                LogicalPlan::Fetch(fetch) => {
                    fetches.push(fetch);
                    plan = &fetch.input;
                }
                LogicalPlan::Filter { input, predicate } => {
                    conjuncts.extend(predicate.clone().conjuncts());
                    plan = input;
                }
                _ => break,
            }
        }
        let mut reached = Self::of(plan)?;
        reached.made.insert(reached.to.clone());
        for fetch in fetches {
            reached.fetch(fetch);
        }
        let is_of_end = |conjunct: &LogicalExpr| {
            let columns = conjunct.columns();
            !conjunct.is_volatile() && columns.iter().all(|own| reached.made.contains(own))
        };
        if !conjuncts.iter().all(is_of_end) {
            return None;
        }
        reached.conjuncts = conjuncts;
        Some(reached)
    }

    fn of(plan: &'a LogicalPlan) -> Option<Self> {
        let reached = match plan {
            LogicalPlan::PathExpand(expand)
                if expand.search == PathSearch::Reach
                    && (expand.least, expand.most) == (0, None)
                    && expand.target.is_none()
                    && expand.properties.is_empty() =>
            {
                Self {
                    input: &expand.input,
                    from: expand.from.clone(),
                    to: expand.to.clone(),
                    to_type: expand.to_type.clone(),
                    restrict: expand.restrict.clone(),
                    ways: vec![expand.list_hop()],
                    label: expand.label.clone(),
                    made: BTreeSet::new(),
                    properties: Vec::new(),
                    fetches: Vec::new(),
                    conjuncts: Vec::new(),
                }
            }
            LogicalPlan::Repeat(repeat)
                if repeat.search == PathSearch::Reach
                    && (repeat.least, repeat.most) == (0, None)
                    && repeat.target.is_none() =>
            {
                Self {
                    input: &repeat.input,
                    from: repeat.from.clone(),
                    to: repeat.to.clone(),
                    to_type: repeat.to_type.clone(),
                    restrict: repeat.restrict.clone(),
                    ways: repeat.lists.clone()?,
                    label: repeat.label.clone(),
                    made: BTreeSet::new(),
                    properties: Vec::new(),
                    fetches: Vec::new(),
                    conjuncts: Vec::new(),
                }
            }
            _ => return None,
        };
        if !Components::are_symmetric(&reached.ways) {
            return None;
        }
        reached.without_passed()
    }

    /// The same where no start and no end is a hyperedge that hops pass through: it is in a component with its members, of which it
    /// reaches none.
    fn without_passed(mut self) -> Option<Self> {
        let passing = self.ways.iter().find(|way| way.steps.len() > 1);
        let Some(passing) = passing else {
            return Some(self);
        };
        let schema = self.input.schema().ok()?;
        let starts = schema.find(&self.from)?.ty.tables()?;
        let found = passing.steps.last()?.to.as_ref();
        let is_reached = |table: &&TableId| {
            starts.contains(table) || found.is_none_or(|found| found.contains(table))
        };
        let ends = self.restrict.as_ref().or_else(|| self.to_type.tables())?;
        let ends: Tables = ends.iter().filter(is_reached).copied().collect();
        let mut passed = passing.steps[0].tables.iter();
        if passed.any(|table| starts.contains(table) || ends.contains(table)) {
            return None;
        }
        self.restrict = Some(ends);
        Some(self)
    }

    fn fetch(&mut self, fetch: &'a Fetch) {
        if fetch.entity != self.to {
            self.fetches.push(fetch);
            return;
        }
        for property in &fetch.properties {
            self.made.insert(property_column(&self.to, &property.key));
            self.properties.push(property.clone());
        }
    }

    /// The rows to start from, with what is read of their entities.
    fn starts(&self) -> LogicalPlan {
        let input = (**self.input).clone();
        self.fetches.iter().rev().fold(input, |input, fetch| {
            LogicalPlan::Fetch(Fetch {
                input: SharedPlan::new(input),
                ..(*fetch).clone()
            })
        })
    }

    /// A scan of all that may be reached, as far as its conditions allow.
    fn ends(&self) -> LogicalPlan {
        let tables = self.restrict.clone();
        let tables = tables.or_else(|| self.to_type.tables().cloned());
        let tables = tables.unwrap_or_default();
        let scan = match &self.to_type {
            Type::Hyperedge(_) => LogicalPlan::HyperedgeScan(HyperedgeScan {
                variable: self.to.clone(),
                tables,
                label: String::new(),
                bindings: Vec::new(),
                properties: self.properties.clone(),
                predicate: ScanPredicate::default(),
                index: None,
            }),
            ty => LogicalPlan::NodeScan(NodeScan {
                variable: self.to.clone(),
                ty: ty.clone(),
                tables,
                label: String::new(),
                properties: self.properties.clone(),
                predicate: ScanPredicate::default(),
                index: None,
            }),
        };
        scan.filtered(self.conjuncts.clone())
    }
}
