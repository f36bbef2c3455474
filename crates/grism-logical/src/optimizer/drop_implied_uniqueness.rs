//! Drops the test that two hyperedges or incidences differ where another condition says that already: of their members in the same
//! single role, or of a property of the two.

use grism_core::{Cardinality, Result, SOURCE_ROLE, TARGET_ROLE, Tables, Type, with_stack};
use std::collections::BTreeMap;

use super::Facts;
use crate::{
    BinaryOperator, Direction, JoinKind, LogicOperator, LogicalExpr, LogicalPlan, RoleBinding,
    RoleSource,
};

/// Rewrites every filter.
///
/// # Errors
/// None of its own.
pub(super) fn drop_implied_uniqueness(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    rewrite(&plan, facts)
}

/// The member's column for each hyperedge's column and single role.
type Members = BTreeMap<(String, String), String>;

/// Rewrites a region of the plan within which every name stands for one thing, and then what lies below it.
fn rewrite(plan: &LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    if !is_pattern(plan) {
        return plan.try_map_inputs(&mut |input| rewrite(input, facts));
    }
    let (mut members, mut conjuncts) = (Members::default(), Vec::new());
    collect(plan, facts, &mut members, &mut conjuncts);
    let mut dropped = Vec::new();
    for conjunct in conjuncts.clone() {
        // What was dropped is no reason to drop another one.
        if is_implied(&conjunct, &members, &conjuncts) {
            conjuncts.retain(|own| own != &conjunct);
            dropped.push(conjunct);
        }
    }
    drop_from(plan, facts, &dropped)
}

/// Whether the node is a part of a pattern: it keeps the columns of its inputs, under their names.
fn is_pattern(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter { .. }
        | LogicalPlan::NodeScan(_)
        | LogicalPlan::HyperedgeScan(_)
        | LogicalPlan::EdgeExpand(_)
        | LogicalPlan::RoleExpand(_)
        | LogicalPlan::PathExpand(_) => true,
        LogicalPlan::Join(join) => join.kind == JoinKind::Inner,
        _ => false,
    }
}

fn drop_from(plan: &LogicalPlan, facts: Facts<'_>, dropped: &[LogicalExpr]) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut |input| match is_pattern(input) {
        true => drop_from(input, facts, dropped),
        false => rewrite(input, facts),
    })?;
    let LogicalPlan::Filter { input, predicate } = plan else {
        return Ok(plan);
    };
    let kept = predicate
        .conjuncts()
        .into_iter()
        .filter(|conjunct| !dropped.contains(conjunct))
        .collect();
    Ok(input.into_plan().filtered(kept))
}

/// Whether a conjunct is true wherever the others are.
fn is_implied(conjunct: &LogicalExpr, members: &Members, conjuncts: &[LogicalExpr]) -> bool {
    let others = conjuncts.iter().filter(|other| *other != conjunct);
    let apart: Vec<(&str, &str)> = others.filter_map(different).collect();
    let differ = |a: &str, b: &str| apart.contains(&(a, b)) || apart.contains(&(b, a));
    match conjunct {
        LogicalExpr::Logic {
            operator: LogicOperator::Or,
            operands,
        } => operands.iter().any(|own| are_apart(own, members, &differ)),
        own => are_apart(own, members, &differ),
    }
}

/// Whether a test says that two columns differ which `differ` knows of, or which have members that it knows of.
fn are_apart(test: &LogicalExpr, members: &Members, differ: &impl Fn(&str, &str) -> bool) -> bool {
    let LogicalExpr::Binary {
        operator: BinaryOperator::NotEqual,
        left,
        right,
    } = test
    else {
        return false;
    };
    let (LogicalExpr::Column(f), LogicalExpr::Column(g)) = (&**left, &**right) else {
        return false;
    };
    differ(f, g)
        || members.iter().any(|((hyperedge, role), a)| {
            hyperedge == f
                && members
                    .get(&(g.clone(), role.clone()))
                    .is_some_and(|b| a != b && differ(a, b))
        })
}

/// The two entities that a predicate holds apart wherever it is true.
fn different(predicate: &LogicalExpr) -> Option<(&str, &str)> {
    let LogicalExpr::Binary {
        operator,
        left,
        right,
    } = predicate
    else {
        return None;
    };
    match (operator, &**left, &**right) {
        (BinaryOperator::NotEqual, LogicalExpr::Column(a), LogicalExpr::Column(b)) => Some((a, b)),
        // Two values of one property differ only between two entities, but for what differs from itself.
        (
            BinaryOperator::NotEqual | BinaryOperator::Less | BinaryOperator::Greater,
            LogicalExpr::Property {
                entity: a,
                key: x,
                ty,
            },
            LogicalExpr::Property {
                entity: b, key: y, ..
            },
        ) if x == y && (*operator != BinaryOperator::NotEqual || equals_itself(ty)) => Some((a, b)),
        _ => None,
    }
}

/// Whether every value of the type equals itself, which not-a-number does not.
pub(super) fn equals_itself(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Int64
            | Type::String
            | Type::Bytes
            | Type::Date
            | Type::LocalTime
            | Type::LocalDateTime
            | Type::DateTime
    )
}

/// What the filters of a region say, and which members its hyperedges have.
fn collect(
    plan: &LogicalPlan,
    facts: Facts<'_>,
    members: &mut Members,
    conjuncts: &mut Vec<LogicalExpr>,
) {
    let single = |tables: &Tables, role: &str| {
        tables.iter().all(|table| {
            let table = facts.schema.table(*table).ok();
            let role = table.and_then(|table| table.hyperedge_type()?.role(role));
            role.is_some_and(|role| role.cardinality != Cardinality::Many)
        })
    };
    let star =
        |hyperedge: &str, tables: &Tables, bindings: &[RoleBinding], members: &mut Members| {
            for binding in bindings {
                if let [role] = &binding.roles[..]
                    && single(tables, role)
                {
                    put(members, hyperedge, role, &binding.member);
                }
            }
        };
    match plan {
        LogicalPlan::Filter { predicate, .. } => {
            conjuncts.extend(predicate.clone().conjuncts());
        }
        LogicalPlan::HyperedgeScan(scan) => {
            star(&scan.variable, &scan.tables, &scan.bindings, members);
        }
        LogicalPlan::RoleExpand(expand) => {
            star(&expand.hyperedge, &expand.tables, &expand.bindings, members);
            if let RoleSource::Member { column, roles, .. } = &expand.from
                && let [role] = &roles[..]
                && single(&expand.tables, role)
            {
                put(members, &expand.hyperedge, role, column);
            }
        }
        LogicalPlan::EdgeExpand(expand) => {
            let (from, to) = match expand.direction {
                Direction::Out => (SOURCE_ROLE, TARGET_ROLE),
                Direction::In => (TARGET_ROLE, SOURCE_ROLE),
                Direction::Both => ("", ""),
            };
            if let Some(edge) = expand.edge.as_ref().filter(|_| !from.is_empty()) {
                put(members, edge, from, &expand.from);
                put(members, edge, to, &expand.to);
            }
        }
        _ => {}
    }
    plan.inputs()
        .into_iter()
        .filter(|input| is_pattern(input))
        .for_each(|input| with_stack(|| collect(input, facts, members, conjuncts)));
}

fn put(members: &mut Members, hyperedge: &str, role: &str, member: &str) {
    let key = (hyperedge.to_owned(), role.to_owned());
    members.insert(key, member.to_owned());
}
