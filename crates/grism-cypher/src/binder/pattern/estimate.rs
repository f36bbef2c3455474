//! What predicates are expected to leave of an entity's tables, which decides where a pattern starts.

use grism_core::{ComparisonOperator, GraphSchema, Tables, Value};
use grism_logical::pattern::PatternGraph;
use grism_logical::{BinaryOperator, InfixOperator, LogicalExpr, PlanSchema};

use crate::binder::QueryContext;
use crate::binder::expression::{literal, operator};
use crate::binder::names::{Scope, split_conjunction};
use crate::syntax::{Expr, ExprKind, IsPredicate, Literal, PrefixOperator};

/// A predicate on a property of an entity, whose other side is known before the entity is looked for.
struct Test {
    /// The entity's column.
    entity: String,
    key: String,
    asked: Asked,
}

/// What a predicate asks of a property.
enum Asked {
    /// How it compares with a value, which is `None` where the plan does not know it.
    Compared(ComparisonOperator, Option<Value>),
    /// That it is one of so many values.
    OneOf(usize),
    /// Something else.
    Other,
}

/// Estimates what share of each entity's table its predicates leave, for the order of the pattern.
pub(crate) fn estimate(
    context: QueryContext<'_>,
    scope: &Scope,
    graph: &mut PatternGraph,
    conditions: &[LogicalExpr],
    predicate: Option<&Expr>,
    bound: &PlanSchema,
) {
    let mut tests = Vec::new();
    for condition in conditions {
        collect_condition(condition, bound, &mut tests);
    }
    if let Some(predicate) = predicate {
        for part in split_conjunction(predicate) {
            collect_conjunct(context, scope, part, &mut tests);
        }
    }
    for entity in graph
        .entities
        .iter_mut()
        .filter(|entity| !bound.contains(&entity.variable))
    {
        let tables = entity.ty.tables().cloned().unwrap_or_default();
        let own = tests.iter().filter(|test| test.entity == entity.variable);
        let share: f64 = own.map(|test| share(context, &tables, test)).product();
        entity.selectivity = share.max(1e-12);
    }
}

/// The share of the rows of `tables` that are expected to pass.
fn share(context: QueryContext<'_>, tables: &Tables, test: &Test) -> f64 {
    let statistics = context.bind.statistics;
    let told = |operator: ComparisonOperator, value: Option<&Value>| {
        statistics.selectivity(context.schema(), tables, &test.key, operator, value)
    };
    match &test.asked {
        Asked::Compared(ComparisonOperator::Equal, _)
            if is_key(context.schema(), tables, &test.key) =>
        {
            let rows: u64 = tables.iter().map(|table| statistics.rows(*table)).sum();
            1.0 / rows.max(1) as f64
        }
        Asked::Compared(operator, value) => {
            told(*operator, value.as_ref()).unwrap_or(match operator {
                ComparisonOperator::Equal => 0.05,
                ComparisonOperator::NotEqual
                | ComparisonOperator::IsNull
                | ComparisonOperator::IsNotNull => 1.0,
                _ => 0.4,
            })
        }
        Asked::OneOf(count) => told(ComparisonOperator::Equal, None)
            .map_or(0.4, |share| (share * *count as f64).min(1.0)),
        Asked::Other => 0.4,
    }
}

fn is_key(schema: &GraphSchema, tables: &Tables, property: &str) -> bool {
    tables.iter().any(|table| {
        let table = schema.table(*table);
        table.is_ok_and(|table| table.key.as_deref() == Some(property))
    })
}

/// Collects what one part of a predicate asks of properties.
fn collect_conjunct(
    context: QueryContext<'_>,
    scope: &Scope,
    predicate: &Expr,
    tests: &mut Vec<Test>,
) {
    match &predicate.kind {
        ExprKind::Chain { first, rest } => {
            let [link] = &rest[..] else { return };
            let (left, right) = (&**first, &link.operand);
            let InfixOperator::Binary(operator) = operator(link.operator) else {
                return;
            };
            let is_in = matches!(operator, BinaryOperator::In | BinaryOperator::StartsWith);
            if !operator.is_comparison() && !is_in {
                return;
            }
            for (side, other, flipped) in [(left, right, false), (right, left, true)] {
                if let Some((entity, key)) = tested_property(scope, side)
                    && is_constant(other)
                {
                    let asked = asked(operator, flipped, constant(context, other));
                    tests.push(Test { entity, key, asked });
                }
            }
        }
        ExprKind::Is {
            operand,
            negated,
            predicate: IsPredicate::Null,
        } => {
            let operator = if *negated {
                ComparisonOperator::IsNotNull
            } else {
                ComparisonOperator::IsNull
            };
            let asked = Asked::Compared(operator, None);
            if let Some((entity, key)) = tested_property(scope, operand) {
                tests.push(Test { entity, key, asked });
            }
        }
        _ => {}
    }
}

/// The column of the entity and the key, where this is a property of a variable.
fn tested_property(scope: &Scope, expression: &Expr) -> Option<(String, String)> {
    let ExprKind::Property { base, key } = &expression.kind else {
        return None;
    };
    let ExprKind::Variable(name) = &base.kind else {
        return None;
    };
    let variable = scope.find(&name.text)?;
    Some((variable.column.clone(), key.text.clone()))
}

/// The value of a constant, where it is plain.
fn constant(context: QueryContext<'_>, expression: &Expr) -> Option<Value> {
    match &expression.kind {
        ExprKind::Literal(number) => literal(context.source, number, expression.span, false).ok(),
        ExprKind::Prefix { operator, operand } => match &operand.kind {
            ExprKind::Literal(number @ (Literal::Integer { .. } | Literal::Float(_)))
                if *operator == PrefixOperator::Minus =>
            {
                literal(context.source, number, expression.span, true).ok()
            }
            _ => None,
        },
        ExprKind::Parameter(name) => context.bind.parameters.get(name).cloned(),
        ExprKind::List(items) => {
            let items = items.iter().map(|item| constant(context, item));
            items.collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    }
}

fn is_constant(expression: &Expr) -> bool {
    matches!(
        expression.kind,
        ExprKind::Literal(_) | ExprKind::Parameter(_) | ExprKind::List(_) | ExprKind::Prefix { .. }
    )
}

/// Collects what a bound condition asks of properties.
fn collect_condition(condition: &LogicalExpr, bound: &PlanSchema, tests: &mut Vec<Test>) {
    let LogicalExpr::Binary {
        operator,
        left,
        right,
    } = condition
    else {
        return;
    };
    for (own, other, flipped) in [(left, right, false), (right, left, true)] {
        let LogicalExpr::Property { entity, key, .. } = &**own else {
            continue;
        };
        if !other.columns().iter().all(|column| bound.contains(column)) {
            continue;
        }
        let value = match &**other {
            LogicalExpr::Literal(value) => Some(value.clone()),
            _ => None,
        };
        tests.push(Test {
            entity: entity.clone(),
            key: key.clone(),
            asked: asked(*operator, flipped, value),
        });
    }
}

fn asked(operator: BinaryOperator, flipped: bool, value: Option<Value>) -> Asked {
    match (operator.comparison(flipped), value) {
        (Some(comparison), value) => Asked::Compared(comparison, value),
        (None, Some(Value::List(items))) if operator == BinaryOperator::In && !flipped => {
            Asked::OneOf(items.len())
        }
        _ => Asked::Other,
    }
}
