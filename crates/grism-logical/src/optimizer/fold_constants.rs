//! `fold_constants`: arithmetic and logic over literals are computed once.

use grism_core::{Result, Type, Value};

use super::Facts;
use super::planted::is_planted;
use crate::{ArithmeticOperator as Op, LogicOperator, LogicalExpr, LogicalPlan, UnaryOperator};

/// Folds every expression of the plan.
///
/// # Errors
/// None of its own.
pub(super) fn fold_constants(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    fold_plan(&plan)
}

fn fold_plan(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let mut plan = plan.try_map_inputs(&mut fold_plan)?;
    plan.rewrite_expressions(fold_expression);
    Ok(plan)
}

/// Computes the parts of one expression that depend on no row.
#[must_use]
pub fn fold_expression(expression: LogicalExpr) -> LogicalExpr {
    expression.transform(&mut fold_node)
}

fn fold_node(expression: LogicalExpr) -> LogicalExpr {
    let folded = match &expression {
        LogicalExpr::Logic { .. } | LogicalExpr::Arithmetic { .. } => None,
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
    match folded.unwrap_or(expression) {
        LogicalExpr::Logic { operator, operands } => fold_logic(operator, operands),
        LogicalExpr::Arithmetic { first, rest } => fold_arithmetic(*first, rest),
        other => other,
    }
}

/// A chain of logic without the operands that change nothing, and without those after an operand that settles the value:
/// they are never evaluated.
fn fold_logic(operator: LogicOperator, operands: Vec<LogicalExpr>) -> LogicalExpr {
    let mut kept = Vec::with_capacity(operands.len());
    for operand in operands {
        let value = match &operand {
            LogicalExpr::Literal(Value::Bool(value)) => Some(*value),
            _ => None,
        };
        let is_dropped = value == Some(true) && is_planted("fold_constants");
        if value == Some(operator.identity()) || is_dropped {
            continue;
        }
        kept.push(operand);
        if value.is_some() && value == operator.settling() {
            break;
        }
    }
    // A value whose type is known only at run time is still to be checked: it stays an operand.
    if let [only] = &kept[..]
        && !is_boolean(only)
    {
        kept.insert(0, LogicalExpr::Literal(Value::Bool(operator.identity())));
    }
    LogicalExpr::logic(operator, kept)
}

/// Whether an expression can only be a boolean or null.
fn is_boolean(expression: &LogicalExpr) -> bool {
    match expression {
        LogicalExpr::Literal(value) => matches!(value, Value::Bool(_) | Value::Null),
        LogicalExpr::Property { ty, .. } => ty == &Type::Bool,
        LogicalExpr::Unary { operator, .. } => *operator != UnaryOperator::Negate,
        LogicalExpr::Logic { .. }
        | LogicalExpr::Binary { .. }
        | LogicalExpr::TableIn { .. }
        | LogicalExpr::Quantified { .. } => true,
        _ => false,
    }
}

/// A chain of arithmetic with the literals that it starts with computed.
fn fold_arithmetic(first: LogicalExpr, rest: Vec<(Op, LogicalExpr)>) -> LogicalExpr {
    let LogicalExpr::Literal(mut value) = first else {
        return first.arithmetic_chain(rest);
    };
    let mut steps = rest.into_iter().peekable();
    while let Some((operator, LogicalExpr::Literal(operand))) = steps.peek() {
        match fold_step(*operator, value, operand) {
            Ok(folded) => value = folded,
            Err(unchanged) => {
                value = unchanged;
                break;
            }
        }
        steps.next();
    }
    LogicalExpr::Literal(value).arithmetic_chain(steps)
}

/// The value of a step over literals. The value so far comes back where the step is left to the run, which also reports
/// overflow and division by zero.
fn fold_step(operator: Op, value: Value, operand: &Value) -> Result<Value, Value> {
    let integers = |a: i64, b: i64| match operator {
        Op::Add => a.checked_add(b),
        Op::Subtract => a.checked_sub(b),
        Op::Multiply => a.checked_mul(b),
        _ => None,
    };
    match (operator, value, operand) {
        (_, Value::Int64(a), Value::Int64(b)) => {
            integers(a, *b).map(Value::Int64).ok_or(Value::Int64(a))
        }
        (Op::Add, Value::Float64(a), Value::Float64(b)) => Ok(Value::Float64(a + b)),
        (Op::Subtract, Value::Float64(a), Value::Float64(b)) => Ok(Value::Float64(a - b)),
        (Op::Multiply, Value::Float64(a), Value::Float64(b)) => Ok(Value::Float64(a * b)),
        (Op::Add, Value::String(mut text), Value::String(more)) => {
            text.push_str(more);
            Ok(Value::String(text))
        }
        (_, value, _) => Err(value),
    }
}

#[cfg(test)]
mod tests {
    use super::fold_expression;
    use crate::{ArithmeticOperator as Op, LogicOperator, LogicalExpr};
    use grism_core::Value;

    fn integer(value: i64) -> LogicalExpr {
        LogicalExpr::Literal(Value::Int64(value))
    }

    fn folded(expression: LogicalExpr) -> String {
        fold_expression(expression).to_string()
    }

    #[test]
    fn only_the_literals_that_a_chain_starts_with_are_computed() {
        let x = || LogicalExpr::column("x");
        let chain = integer(1).arithmetic_chain([
            (Op::Add, integer(2)),
            (Op::Subtract, integer(4)),
            (Op::Add, x()),
            (Op::Add, integer(5)),
        ]);
        assert_eq!(folded(chain), "-1 + x + 5");
        let text = LogicalExpr::Literal(Value::String("a".to_owned()));
        let mixed = integer(1).arithmetic_chain([(Op::Add, integer(2)), (Op::Add, text)]);
        assert_eq!(folded(mixed), "3 + 'a'");
        let overflow = integer(i64::MAX).arithmetic(Op::Add, integer(1));
        assert_eq!(folded(overflow), format!("{} + 1", i64::MAX));
    }

    #[test]
    fn operands_that_change_nothing_leave_a_chain() {
        let (x, y) = (|| LogicalExpr::column("x"), || LogicalExpr::column("y"));
        let value = |value| LogicalExpr::Literal(Value::Bool(value));
        let and = LogicalExpr::all([value(true), x(), value(true), y()]);
        assert_eq!(folded(and), "x AND y");
        let or = LogicalExpr::any([x(), value(true), y()]);
        assert_eq!(folded(or), "x OR true");
        let xor = LogicalExpr::logic(LogicOperator::Xor, [x(), value(false), y()]);
        assert_eq!(folded(xor), "x XOR y");
        // Whether `x` is a boolean at all is still to be told.
        assert_eq!(folded(LogicalExpr::all([x(), value(true)])), "true AND x");
        let settled = LogicalExpr::all([value(false), y()]);
        assert_eq!(folded(settled), "false");
    }
}
