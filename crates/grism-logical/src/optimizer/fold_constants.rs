//! Computes what hangs on no row: arithmetic and logic over literals, and filters that are always true or never.

use std::sync::Arc;

use grism_core::{Result, Value};

use super::Facts;
use crate::{Aggregate, BinaryOperator as Op, Join, LogicalExpr, LogicalPlan, UnaryOperator};

/// Folds every expression of the plan.
///
/// # Errors
/// None of its own.
pub(super) fn fold_constants(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    fold_plan(&plan)
}

fn fold_plan(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let mut plan = plan.try_map_inputs(&mut fold_plan)?;
    let fold = |expression: &mut LogicalExpr| {
        *expression = fold_expression(std::mem::replace(
            expression,
            LogicalExpr::Literal(Value::Null),
        ));
    };
    match &mut plan {
        LogicalPlan::Filter { predicate, .. } => fold(predicate),
        LogicalPlan::Project { expressions, .. } => expressions
            .iter_mut()
            .for_each(|(expression, _)| fold(expression)),
        LogicalPlan::Aggregate(Aggregate {
            keys, aggregates, ..
        }) => {
            keys.iter_mut().for_each(|(key, _)| fold(key));
            aggregates
                .iter_mut()
                .filter_map(|(call, _)| call.argument.as_mut())
                .for_each(fold);
        }
        LogicalPlan::Sort { keys, .. } => keys.iter_mut().for_each(|key| fold(&mut key.expression)),
        LogicalPlan::Unwind { expression, .. } => fold(expression),
        LogicalPlan::IndexLookup(lookup) => {
            fold(&mut lookup.target);
            lookup.count.iter_mut().for_each(fold);
        }
        LogicalPlan::PathExpand(expand) => {
            expand
                .properties
                .iter_mut()
                .for_each(|(_, value)| fold(value));
        }
        LogicalPlan::Join(Join { on, .. }) => on.iter_mut().for_each(|(left, right)| {
            fold(left);
            fold(right);
        }),
        _ => {}
    }
    Ok(match plan {
        LogicalPlan::Filter {
            input,
            predicate: LogicalExpr::Literal(Value::Bool(true)),
        } => Arc::unwrap_or_clone(input),
        LogicalPlan::Filter {
            input,
            predicate: LogicalExpr::Literal(Value::Bool(false) | Value::Null),
        } => LogicalPlan::Empty(input.schema()?),
        other => other,
    })
}

/// Computes the parts of one expression that hang on no row.
#[must_use]
pub fn fold_expression(expression: LogicalExpr) -> LogicalExpr {
    expression.transform(&mut fold_node)
}

fn fold_node(expression: LogicalExpr) -> LogicalExpr {
    let folded = match &expression {
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => match (operator, &**left, &**right) {
            (Op::And, LogicalExpr::Literal(Value::Bool(true)), other)
            | (Op::And, other, LogicalExpr::Literal(Value::Bool(true)))
            | (Op::Or, LogicalExpr::Literal(Value::Bool(false)), other)
            | (Op::Or, other, LogicalExpr::Literal(Value::Bool(false))) => Some(other.clone()),
            // What stands behind is not reached.
            (Op::And, LogicalExpr::Literal(Value::Bool(false)), _) => {
                Some(LogicalExpr::Literal(Value::Bool(false)))
            }
            (Op::Or, LogicalExpr::Literal(Value::Bool(true)), _) => {
                Some(LogicalExpr::Literal(Value::Bool(true)))
            }
            (_, LogicalExpr::Literal(a), LogicalExpr::Literal(b)) => {
                fold_binary(*operator, a, b).map(LogicalExpr::Literal)
            }
            _ => None,
        },
        LogicalExpr::Unary { operator, operand } => match (operator, &**operand) {
            (UnaryOperator::Negate, LogicalExpr::Literal(Value::Int64(value))) => value
                .checked_neg()
                .map(|value| LogicalExpr::Literal(Value::Int64(value))),
            (UnaryOperator::Negate, LogicalExpr::Literal(Value::Float64(value))) => {
                Some(LogicalExpr::Literal(Value::Float64(-value)))
            }
            (UnaryOperator::Not, LogicalExpr::Literal(Value::Bool(value))) => {
                Some(LogicalExpr::Literal(Value::Bool(!value)))
            }
            _ => None,
        },
        LogicalExpr::List(items) => items
            .iter()
            .map(|item| match item {
                LogicalExpr::Literal(value) => Some(value.clone()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|values| LogicalExpr::Literal(Value::List(values))),
        _ => None,
    };
    folded.unwrap_or(expression)
}

/// The value of an operator over literals; `None` leaves it to the run, which also reports overflow and division by zero.
fn fold_binary(operator: Op, a: &Value, b: &Value) -> Option<Value> {
    match (operator, a, b) {
        (Op::Add, Value::Int64(a), Value::Int64(b)) => a.checked_add(*b).map(Value::Int64),
        (Op::Subtract, Value::Int64(a), Value::Int64(b)) => a.checked_sub(*b).map(Value::Int64),
        (Op::Multiply, Value::Int64(a), Value::Int64(b)) => a.checked_mul(*b).map(Value::Int64),
        (Op::Add, Value::Float64(a), Value::Float64(b)) => Some(Value::Float64(a + b)),
        (Op::Subtract, Value::Float64(a), Value::Float64(b)) => Some(Value::Float64(a - b)),
        (Op::Multiply, Value::Float64(a), Value::Float64(b)) => Some(Value::Float64(a * b)),
        (Op::Add, Value::String(a), Value::String(b)) => Some(Value::String(format!("{a}{b}"))),
        (Op::And, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a && *b)),
        (Op::Or, Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(*a || *b)),
        _ => None,
    }
}
