//! `propagate_empty`: a filter that no row passes is a plan without rows, and so is what only goes on from such a plan.
//!
//! A pattern over steps of any type is planned once for each kind of step. Where an entity can't have the property that is
//! asked of it, that alternative ends here, and nothing is expanded for it.

use grism_core::{Result, Value};

use super::Facts;
use super::planted::is_planted;
use crate::{
    Apply, ApplyKind, Join, JoinKind, LogicOperator, LogicalExpr, LogicalPlan, UnaryOperator,
};

/// Removes what can have no rows.
///
/// # Errors
/// Those of type inference.
pub(super) fn propagate_empty(plan: LogicalPlan, _facts: Facts<'_>) -> Result<LogicalPlan> {
    propagate(&plan)
}

fn propagate(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let plan = plan.try_map_inputs(&mut propagate)?;
    match &plan {
        LogicalPlan::Filter { input, predicate } => {
            if predicate == &LogicalExpr::Literal(Value::Bool(true)) {
                return Ok(input.as_ref().clone());
            }
            let schema = input.schema()?;
            let passes_none = never_holds(predicate) && !predicate.may_fail(schema);
            Ok(match passes_none || is_empty(input) {
                true => LogicalPlan::Empty(schema.clone()),
                false => plan,
            })
        }
        LogicalPlan::Union { .. } => union(plan),
        LogicalPlan::Apply(apply) => {
            let replaced = apply_without_rows(&plan, apply)?;
            Ok(replaced.unwrap_or(plan))
        }
        LogicalPlan::Join(join) => {
            let replaced = join_without_rows(&plan, join)?;
            Ok(replaced.unwrap_or(plan))
        }
        // Without keys there is one group, of no rows too.
        LogicalPlan::Aggregate(aggregate) if aggregate.keys.is_empty() => Ok(plan),
        // What it makes of no rows is its own to say.
        LogicalPlan::Extension(_) | LogicalPlan::WeightedCount(_) => Ok(plan),
        _ => match plan.inputs()[..] {
            [input] if is_empty(input) => Ok(LogicalPlan::Empty(plan.schema()?)),
            _ => Ok(plan),
        },
    }
}

fn is_empty(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Empty(_))
}

/// The union of the inputs that may have rows.
fn union(plan: LogicalPlan) -> Result<LogicalPlan> {
    let schema = plan.schema()?;
    let LogicalPlan::Union { mut inputs } = plan else {
        return Ok(plan);
    };
    if inputs.iter().all(|input| is_empty(input)) {
        return Ok(LogicalPlan::Empty(schema));
    }
    // An input that alone has the types of the union may stand for it; another one keeps an empty input beside it.
    let all = inputs.clone();
    inputs.retain(|input| !is_empty(input));
    let own = LogicalPlan::Union { inputs };
    if own.schema()? != schema {
        return Ok(LogicalPlan::Union { inputs: all });
    }
    match own {
        LogicalPlan::Union { mut inputs } if inputs.len() == 1 => {
            Ok(inputs.swap_remove(0).into_plan())
        }
        other => Ok(other),
    }
}

/// What an apply is whose input or subplan has no rows; `None` where it remains.
fn apply_without_rows(plan: &LogicalPlan, apply: &Apply) -> Result<Option<LogicalPlan>> {
    let found_nothing = is_empty(&apply.subplan);
    let nothing = || Ok(Some(LogicalPlan::Empty(plan.schema()?)));
    match &apply.kind {
        _ if is_empty(&apply.input) => nothing(),
        ApplyKind::Inner | ApplyKind::Semi if found_nothing => nothing(),
        ApplyKind::Anti if found_nothing => Ok(Some(apply.input.as_ref().clone())),
        _ => Ok(None),
    }
}

/// What a join is of whose sides one has no rows; `None` where it remains.
fn join_without_rows(plan: &LogicalPlan, join: &Join) -> Result<Option<LogicalPlan>> {
    let nothing = || Ok(Some(LogicalPlan::Empty(plan.schema()?)));
    match join.kind {
        _ if is_empty(&join.left) => nothing(),
        JoinKind::Inner | JoinKind::Semi if is_empty(&join.right) => nothing(),
        JoinKind::Anti if is_empty(&join.right) => Ok(Some(join.left.as_ref().clone())),
        _ => Ok(None),
    }
}

/// Whether a predicate is false or null for every row, as far as its form says.
fn never_holds(predicate: &LogicalExpr) -> bool {
    let is_null =
        |expression: &LogicalExpr| matches!(expression, LogicalExpr::Literal(Value::Null));
    match predicate {
        LogicalExpr::Literal(value) => matches!(value, Value::Bool(false) | Value::Null),
        LogicalExpr::TableIn { tables, .. } => tables.is_empty(),
        LogicalExpr::Unary {
            operator: UnaryOperator::Not,
            operand,
        } => matches!(
            **operand,
            LogicalExpr::Literal(Value::Bool(true) | Value::Null)
        ),
        LogicalExpr::Unary {
            operator: UnaryOperator::IsNotNull,
            operand,
        } => is_null(operand),
        LogicalExpr::Binary { left, right, .. } => is_null(left) || is_null(right),
        LogicalExpr::Logic { operator, operands } => match operator {
            LogicOperator::And => operands.iter().any(never_holds),
            LogicOperator::Or if is_planted("propagate_empty") => operands.iter().any(never_holds),
            LogicOperator::Or => operands.iter().all(never_holds),
            LogicOperator::Xor => operands.iter().any(is_null),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{Type, Value};

    use super::propagate;
    use crate::{
        Apply, ApplyKind, ArithmeticOperator, BinaryOperator, Column, LogicalExpr, LogicalPlan,
        PlanSchema, SharedPlan,
    };

    fn rows(name: &str) -> LogicalPlan {
        LogicalPlan::Argument(PlanSchema::new(vec![Column::new(name, Type::Int64)]))
    }

    fn filtered(predicate: LogicalExpr) -> LogicalPlan {
        rows("x").filtered(vec![predicate])
    }

    fn equal(left: LogicalExpr, right: Value) -> LogicalExpr {
        left.binary(BinaryOperator::Equal, LogicalExpr::Literal(right))
    }

    fn after(plan: &LogicalPlan) -> String {
        propagate(plan).expect("a plan").to_string()
    }

    #[test]
    fn a_comparison_with_null_passes_no_row() {
        let x = || LogicalExpr::column("x");
        let null = equal(LogicalExpr::Literal(Value::Null), Value::Int64(1));
        let some = equal(x(), Value::Int64(1));
        let nothing = after(&LogicalPlan::Empty(rows("x").schema().expect("a schema")));
        for never in [
            null.clone(),
            LogicalExpr::all([some.clone(), null.clone()]),
            LogicalExpr::any([null.clone(), LogicalExpr::Literal(Value::Bool(false))]),
        ] {
            assert_eq!(after(&filtered(never.clone())), nothing, "{never}");
        }
        for perhaps in [
            LogicalExpr::any([some.clone(), null.clone()]),
            // The error that a row may raise is still raised.
            LogicalExpr::all([
                equal(
                    LogicalExpr::Literal(Value::Int64(1))
                        .arithmetic(ArithmeticOperator::Divide, x()),
                    Value::Int64(1),
                ),
                null.clone(),
            ]),
        ] {
            let plan = filtered(perhaps);
            assert_eq!(after(&plan), plan.to_string());
        }
    }

    #[test]
    fn a_union_keeps_the_alternatives_that_have_rows() {
        let never = filtered(LogicalExpr::Literal(Value::Bool(false)));
        let union = |inputs: Vec<LogicalPlan>| LogicalPlan::Union {
            inputs: inputs.into_iter().map(SharedPlan::new).collect(),
        };
        let all = union(vec![never.clone(), rows("x"), never.clone()]);
        assert_eq!(after(&all), rows("x").to_string());
        let none = union(vec![never.clone(), never.clone()]);
        assert_eq!(after(&none), after(&never));
        // The column of the union may hold what the alternative with rows may not.
        let texts = PlanSchema::new(vec![Column::new("x", Type::String)]);
        let mixed = union(vec![LogicalPlan::Empty(texts), rows("x")]);
        assert_eq!(after(&mixed), mixed.to_string());
    }

    #[test]
    fn a_subplan_without_rows_decides_an_apply() {
        let apply = |kind| {
            LogicalPlan::Apply(Apply {
                input: SharedPlan::new(rows("x")),
                subplan: SharedPlan::new(filtered(LogicalExpr::Literal(Value::Null))),
                kind,
            })
        };
        let nothing = after(&filtered(LogicalExpr::Literal(Value::Null)));
        assert_eq!(after(&apply(ApplyKind::Semi)), nothing);
        assert_eq!(after(&apply(ApplyKind::Anti)), rows("x").to_string());
        let kept = after(&apply(ApplyKind::Count("n".to_owned())));
        assert!(kept.contains("Apply"), "{kept}");
    }
}
