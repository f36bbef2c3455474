//! Moves every predicate to the earliest place where its columns are known, and into the scan where the storage can
//! evaluate it.
//!
//! Conjuncts keep the order of their clauses. One that may fail is never evaluated for a row that an earlier conjunct, or
//! an operator that it would pass, drops.

use grism_core::{
    Comparison, ComparisonOperator, Result, ScanPredicate, Tables, Type, Value, with_stack,
};
use grism_functions::KEY;
use std::collections::BTreeSet;

use super::Facts;
use super::narrow_roles::narrow_roles;
use super::planted::is_planted;
use crate::{
    Aggregate, Apply, ApplyKind, BinaryOperator, CountExpand, CountIntersect, EdgeExpand, Fetch,
    HyperedgeScan, IndexLookup, Join, JoinKind, LoadRows, LogicalExpr, LogicalPlan, NamedExpr,
    NodeScan, PathExpand, PlanSchema, Repeat, RoleExpand, SharedPlan, TableCall, UnaryOperator,
    comparison_type, infer_type,
};

/// The most comparisons that a scan takes. Storage makes pairs of pairs of them, as deep as they are many; what is left is
/// a filter right above the scan.
const MOST_COMPARISONS: usize = 64;

/// The most conjuncts of several filters that are moved on together: each is looked at by every operator that they pass, so of a
/// query of thousands of clauses they are held up on the way.
const MOST_TOGETHER: usize = 256;

/// Pushes filters down.
///
/// # Errors
/// Those of type inference.
pub(super) fn push_filters(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    push(&plan, Vec::new())
}

fn push(plan: &LogicalPlan, conjuncts: Vec<LogicalExpr>) -> Result<LogicalPlan> {
    with_stack(|| push_node(plan, conjuncts))
}

fn push_node(plan: &LogicalPlan, mut conjuncts: Vec<LogicalExpr>) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::Filter { input, predicate } => {
            let mut all = predicate.clone().conjuncts();
            let mut above = Vec::new();
            if all.len() + conjuncts.len() > MOST_TOGETHER {
                above = conjuncts;
            } else {
                all.append(&mut conjuncts);
            }
            // A random choice is made where the query makes it.
            let (below, mut here) = split(all, plan, false, |own| !own.is_volatile())?;
            here.append(&mut above);
            push(input, below)?.filtered(here)
        }
        LogicalPlan::NodeScan(scan) => {
            let mut scan: NodeScan = scan.clone();
            let rest = absorb(
                conjuncts,
                &scan.variable,
                &mut scan.tables,
                &mut scan.predicate,
            );
            LogicalPlan::NodeScan(scan).filtered(rest)
        }
        LogicalPlan::HyperedgeScan(scan) => {
            let mut scan: HyperedgeScan = scan.clone();
            let rest = absorb(
                conjuncts,
                &scan.variable,
                &mut scan.tables,
                &mut scan.predicate,
            );
            let rest = narrow_roles(rest, None, &mut scan.bindings);
            LogicalPlan::HyperedgeScan(scan).filtered(rest)
        }
        LogicalPlan::RoleExpand(expand) => {
            let mut expand: RoleExpand = expand.clone();
            let conjuncts = narrow_roles(conjuncts, Some(&mut expand.from), &mut expand.bindings);
            let known = names(&expand.input)?;
            let (below, above) = split(conjuncts, plan, true, |own| {
                let columns = own.columns();
                !columns.is_empty() && columns.is_subset(&known)
            })?;
            expand.input = SharedPlan::new(push(&expand.input, below)?);
            LogicalPlan::RoleExpand(expand).filtered(above)
        }
        LogicalPlan::EdgeExpand(EdgeExpand { input, .. })
        | LogicalPlan::IndexLookup(IndexLookup { input, .. })
        | LogicalPlan::LoadRows(LoadRows { input, .. })
        | LogicalPlan::TableCall(TableCall { input, .. })
        | LogicalPlan::CountExpand(CountExpand { input, .. })
        | LogicalPlan::CountIntersect(CountIntersect { input, .. })
        | LogicalPlan::PathExpand(PathExpand { input, .. })
        | LogicalPlan::Repeat(Repeat { input, .. })
        | LogicalPlan::Hydrate { input, .. }
        | LogicalPlan::Fetch(Fetch { input, .. })
        | LogicalPlan::Unwind { input, .. }
        | LogicalPlan::Apply(Apply { input, .. }) => {
            let known = names(input)?;
            // What a hydration changes is not known below it.
            let hydrated: &[String] = match plan {
                LogicalPlan::Hydrate { columns, .. } => columns,
                _ => &[],
            };
            let (below, above) = split(conjuncts, plan, !keeps_rows(plan), |own| {
                let columns = own.columns();
                !columns.is_empty()
                    && columns.is_subset(&known)
                    && !hydrated.iter().any(|column| columns.contains(column))
            })?;
            let mut first = true;
            plan.try_map_inputs(&mut |child| {
                // The first input is the outer side; a subplan keeps its own filters.
                let below = if std::mem::take(&mut first) {
                    below.clone()
                } else {
                    Vec::new()
                };
                push(child, below)
            })?
            .filtered(above)
        }
        LogicalPlan::Project { input, expressions } => {
            let (below, above) = through_projection(conjuncts, expressions, plan)?;
            let input = SharedPlan::new(push(input, below)?);
            LogicalPlan::Project {
                input,
                expressions: expressions.clone(),
            }
            .filtered(above)
        }
        LogicalPlan::Aggregate(aggregate) if !aggregate.keys.is_empty() => {
            let (below, above) = through_projection(conjuncts, &aggregate.keys, plan)?;
            let input = SharedPlan::new(push(&aggregate.input, below)?);
            LogicalPlan::Aggregate(Aggregate {
                input,
                ..aggregate.clone()
            })
            .filtered(above)
        }
        LogicalPlan::Distinct { .. }
        | LogicalPlan::Sort { fetch: None, .. }
        | LogicalPlan::Union { .. } => {
            plan.try_map_inputs(&mut |child| push(child, conjuncts.clone()))?
        }
        LogicalPlan::Join(join) => push_into_join(join, plan, conjuncts)?,
        other => other
            .try_map_inputs(&mut |child| push(child, Vec::new()))?
            .filtered(conjuncts),
    })
}

/// Splits conjuncts into those that may be evaluated below `plan`, where they fit there, and the others.
///
/// `drops`: whether the operator leaves rows of its input out.
fn split(
    conjuncts: Vec<LogicalExpr>,
    plan: &LogicalPlan,
    drops: bool,
    fits: impl Fn(&LogicalExpr) -> bool,
) -> Result<(Vec<LogicalExpr>, Vec<LogicalExpr>)> {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    let mut schema: Option<PlanSchema> = None;
    for conjunct in conjuncts {
        if !fits(&conjunct) {
            above.push(conjunct);
            continue;
        }
        if drops || !above.is_empty() {
            let schema = match &mut schema {
                Some(schema) => schema,
                None => schema.insert(plan.schema()?),
            };
            if conjunct.may_fail(schema) {
                above.push(conjunct);
                continue;
            }
        }
        below.push(conjunct);
    }
    Ok((below, above))
}

/// Whether every row of the operator's first input comes out at least once.
fn keeps_rows(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::CountExpand(_)
        | LogicalPlan::CountIntersect(_)
        | LogicalPlan::Hydrate { .. }
        | LogicalPlan::Fetch(_) => true,
        LogicalPlan::Apply(apply) => !matches!(
            apply.kind,
            ApplyKind::Inner | ApplyKind::Semi | ApplyKind::Anti
        ),
        _ => false,
    }
}

fn push_into_join(
    join: &Join,
    plan: &LogicalPlan,
    conjuncts: Vec<LogicalExpr>,
) -> Result<LogicalPlan> {
    if join.kind != JoinKind::Inner {
        // What comes out are left rows, though not all of them.
        let (conjuncts, above) = split(conjuncts, plan, true, |_| true)?;
        let left = SharedPlan::new(push(&join.left, conjuncts)?);
        let right = SharedPlan::new(push(&join.right, Vec::new())?);
        return Ok(LogicalPlan::Join(Join {
            left,
            right,
            ..join.clone()
        })
        .filtered(above));
    }
    let (left_names, right_names) = (names(&join.left)?, names(&join.right)?);
    let within = |side: &BTreeSet<String>, own: &LogicalExpr| {
        let columns = own.columns();
        !columns.is_empty() && columns.is_subset(side)
    };
    let (below, rest) = split(conjuncts, plan, true, |own| {
        within(&left_names, own) || within(&right_names, own)
    })?;
    let (left, right): (Vec<_>, Vec<_>) =
        below.into_iter().partition(|own| within(&left_names, own));
    let mut on = join.on.clone();
    let (mut keyed, mut above) = (Vec::new(), Vec::new());
    let schema = plan.schema()?;
    let (left_schema, right_schema) = (join.left.schema()?, join.right.schema()?);
    for conjunct in rest {
        let pair = match &conjunct {
            LogicalExpr::Binary {
                operator: BinaryOperator::Equal,
                left: a,
                right: b,
            } if !conjunct.may_fail(&schema) => {
                let within =
                    |side: &LogicalExpr, names: &BTreeSet<String>| side.columns().is_subset(names);
                if within(a, &left_names) && within(b, &right_names) {
                    Some((&**a, &**b))
                } else if within(b, &left_names) && within(a, &right_names) {
                    Some((&**b, &**a))
                } else {
                    None
                }
            }
            _ => None,
        };
        let Some((a, b)) = pair else {
            if !is_planted("push_filters") {
                above.push(conjunct);
            }
            continue;
        };
        let (left_type, right_type) = (infer_type(a, left_schema)?, infer_type(b, right_schema)?);
        if joinable(&left_type, &right_type) {
            on.push((a.clone(), b.clone()));
            continue;
        }
        if comparison_type(&left_type, &right_type).is_some() {
            let key = |own: &LogicalExpr| LogicalExpr::call(&KEY, vec![own.clone()]);
            keyed.push((key(a), key(b)));
        }
        above.push(conjunct);
    }
    // Equal values have equal keys; whether values with equal keys are equal is still to be asked.
    if on.is_empty() {
        on = keyed;
    }
    let (left, right) = (
        SharedPlan::new(push(&join.left, left)?),
        SharedPlan::new(push(&join.right, right)?),
    );
    Ok(LogicalPlan::Join(Join {
        kind: JoinKind::Inner,
        left,
        right,
        on,
    })
    .filtered(above))
}

/// Whether a hash of the two columns agrees with Cypher's equality: not so for floats (NaN, -0.0) and nested values.
fn joinable(a: &Type, b: &Type) -> bool {
    let plain = |ty: &Type| {
        matches!(
            ty,
            Type::Bool
                | Type::Int64
                | Type::String
                | Type::Date
                | Type::LocalTime
                | Type::LocalDateTime
                | Type::DateTime
                | Type::Node(_)
                | Type::Hyperedge(_)
                | Type::Entity { .. }
        )
    };
    plain(a) && plain(b) && comparison_type(a, b).is_some()
}

fn names(plan: &LogicalPlan) -> Result<BTreeSet<String>> {
    Ok(plan.schema()?.names().map(str::to_owned).collect())
}

/// Splits into what can be said of the projection's input, in its words, and what cannot.
fn through_projection(
    conjuncts: Vec<LogicalExpr>,
    expressions: &[NamedExpr],
    plan: &LogicalPlan,
) -> Result<(Vec<LogicalExpr>, Vec<LogicalExpr>)> {
    let source = |name: &str| {
        expressions
            .iter()
            .find(|own| own.name == name)
            .map(|own| &own.expression)
            .filter(|expression| {
                matches!(
                    expression,
                    LogicalExpr::Column(_) | LogicalExpr::Property { .. } | LogicalExpr::Literal(_)
                )
            })
    };
    let rewrite = |conjunct: &LogicalExpr| {
        let mut possible = !conjunct.columns().is_empty();
        let bound = bound_within(conjunct);
        let rewritten = conjunct.clone().transform(&mut |node| match &node {
            LogicalExpr::Column(name) if bound.contains(name) => node,
            LogicalExpr::Column(name) => match source(name) {
                Some(expression) => expression.clone(),
                None => {
                    possible = false;
                    node
                }
            },
            LogicalExpr::Property { entity, key, ty } => match source(entity) {
                Some(LogicalExpr::Column(entity)) => LogicalExpr::Property {
                    entity: entity.clone(),
                    key: key.clone(),
                    ty: ty.clone(),
                },
                _ => {
                    possible = false;
                    node
                }
            },
            _ => node,
        });
        possible.then_some(rewritten)
    };
    let (below, above) = split(conjuncts, plan, false, |own| rewrite(own).is_some())?;
    Ok((below.iter().filter_map(rewrite).collect(), above))
}

/// The columns that the expression and its parts bind themselves.
fn bound_within(expression: &LogicalExpr) -> BTreeSet<String> {
    let mut bound: BTreeSet<String> = expression
        .bound_columns()
        .into_iter()
        .map(str::to_owned)
        .collect();
    for part in expression.children() {
        bound.append(&mut with_stack(|| bound_within(part)));
    }
    bound
}

/// Moves what a storage can evaluate into `predicate` and `tables`; returns the rest.
fn absorb(
    conjuncts: Vec<LogicalExpr>,
    variable: &str,
    tables: &mut Tables,
    predicate: &mut ScanPredicate,
) -> Vec<LogicalExpr> {
    let mut rest = Vec::new();
    for conjunct in conjuncts {
        if let LogicalExpr::TableIn {
            entity,
            tables: wanted,
        } = &conjunct
            && **entity == LogicalExpr::Column(variable.to_owned())
        {
            *tables = tables
                .iter()
                .copied()
                .filter(|table| wanted.contains(table))
                .collect();
        } else if predicate.len() < MOST_COMPARISONS
            && let Some(comparison) = scan_comparison(&conjunct, variable)
        {
            predicate.push(comparison);
        } else {
            rest.push(conjunct);
        }
    }
    rest
}

fn scan_comparison(expression: &LogicalExpr, variable: &str) -> Option<Comparison> {
    match expression {
        LogicalExpr::Unary { operator, operand } => {
            let operator = match operator {
                UnaryOperator::IsNull => ComparisonOperator::IsNull,
                UnaryOperator::IsNotNull => ComparisonOperator::IsNotNull,
                _ => return None,
            };
            let (column, _) = own_property(operand, variable)?;
            Some(Comparison {
                column,
                operator,
                value: Value::Null,
            })
        }
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => {
            if let Some((column, ty)) = own_property(left, variable) {
                let value = literal_of(right, ty)?;
                return Some(Comparison {
                    column,
                    operator: operator.comparison(false)?,
                    value,
                });
            }
            let (column, ty) = own_property(right, variable)?;
            let value = literal_of(left, ty)?;
            Some(Comparison {
                column,
                operator: operator.comparison(true)?,
                value,
            })
        }
        _ => None,
    }
}

fn own_property<'a>(expression: &'a LogicalExpr, variable: &str) -> Option<(String, &'a Type)> {
    match expression {
        LogicalExpr::Property { entity, key, ty } if entity == variable => Some((key.clone(), ty)),
        _ => None,
    }
}

/// The literal as a value of the column's type, where that loses nothing.
fn literal_of(expression: &LogicalExpr, ty: &Type) -> Option<Value> {
    let LogicalExpr::Literal(value) = expression else {
        return None;
    };
    match (value, ty) {
        (Value::Float64(value), _) if value.is_nan() => None,
        (Value::Int64(integer), Type::Float64) if integer.unsigned_abs() <= 1 << 53 => {
            Some(Value::Float64(*integer as f64))
        }
        (Value::Bool(_), Type::Bool)
        | (Value::Int64(_), Type::Int64)
        | (Value::Float64(_), Type::Float64)
        | (Value::String(_), Type::String) => Some(value.clone()),
        (Value::Date(_), Type::Date)
        | (Value::LocalDateTime(_), Type::LocalDateTime)
        | (Value::DateTime(_), Type::DateTime)
            if &value.type_of() == ty =>
        {
            Some(value.clone())
        }
        _ => None,
    }
}
