//! Conditions on the role of a step, settled for each role before anything is read.

use grism_core::Value;

use super::planted::is_planted;
use crate::{BinaryOperator, LogicOperator, LogicalExpr, RoleBinding, RoleSource, UnaryOperator};

/// Leaves out the roles for which one of `conjuncts` is not true; returns the other conjuncts.
///
/// ```text
/// Filter(NOT r.role IN ['subject', 'object'])      HyperedgeScan(s; roles place=e)
///   HyperedgeScan(s; roles subject|object|place=e)
/// ```
pub(super) fn narrow_roles(
    conjuncts: Vec<LogicalExpr>,
    source: Option<&mut RoleSource>,
    bindings: &mut [RoleBinding],
) -> Vec<LogicalExpr> {
    let mut steps: Vec<(String, &mut Vec<String>)> = Vec::new();
    if let Some(RoleSource::Member {
        roles,
        incidence: Some(incidence),
        ..
    }) = source
    {
        steps.push((incidence.clone(), roles));
    }
    for binding in bindings {
        if let Some(incidence) = &binding.incidence {
            steps.push((incidence.clone(), &mut binding.roles));
        }
    }
    let mut rest = Vec::new();
    for conjunct in conjuncts {
        let columns = conjunct.columns();
        let step = steps
            .iter_mut()
            .find(|(incidence, _)| columns.len() == 1 && columns.contains(incidence));
        let truths = step.and_then(|(incidence, roles)| {
            let truth = |role: &String| truth(&conjunct, incidence, role);
            let truths: Option<Vec<Truth>> = roles.iter().map(truth).collect();
            Some((roles, truths?))
        });
        let Some((roles, truths)) = truths else {
            rest.push(conjunct);
            continue;
        };
        let mut truths = truths.into_iter();
        roles.retain(|_| truths.next() == Some(Some(true)));
    }
    rest
}

/// Of three-valued logic: `None` is null.
type Truth = Option<bool>;

/// The truth of a condition on an incidence in `role`; `None` where it depends on more, or on what is not looked into here.
fn truth(condition: &LogicalExpr, incidence: &str, role: &str) -> Option<Truth> {
    let of = |own: &LogicalExpr| truth(own, incidence, role);
    match condition {
        LogicalExpr::Unary {
            operator: UnaryOperator::Not,
            operand,
        } => Some(of(operand)?.map(|own| !own)),
        LogicalExpr::Logic { operator, operands } => {
            let truths: Vec<Truth> = operands.iter().map(of).collect::<Option<_>>()?;
            let settling = match operator {
                LogicOperator::Or => true,
                LogicOperator::And => false,
                LogicOperator::Xor => return None,
            };
            if truths.contains(&Some(settling)) {
                return Some(Some(settling));
            }
            Some((!truths.contains(&None)).then_some(!settling))
        }
        LogicalExpr::Binary {
            operator,
            left,
            right,
        } => {
            let (value, is_left) = match (&**left, &**right) {
                (own, LogicalExpr::Literal(value)) if is_role(own, incidence) => (value, true),
                (LogicalExpr::Literal(value), own) if is_role(own, incidence) => (value, false),
                _ => return None,
            };
            compared(*operator, role, value, is_left)
        }
        _ => None,
    }
}

fn is_role(expression: &LogicalExpr, incidence: &str) -> bool {
    let LogicalExpr::Field { base, key } = expression else {
        return false;
    };
    key == "role" && matches!(&**base, LogicalExpr::Column(own) if own == incidence)
}

/// The truth of a comparison of a role with a literal, which stands on the right where the role `is_left`.
fn compared(operator: BinaryOperator, role: &str, value: &Value, is_left: bool) -> Option<Truth> {
    match (operator, value) {
        (BinaryOperator::Equal | BinaryOperator::NotEqual, Value::Null) => Some(None),
        (BinaryOperator::Equal, Value::String(value)) => Some(Some(value == role)),
        (BinaryOperator::NotEqual, Value::String(value)) => {
            Some(Some(value != role || is_planted("push_filters.roles")))
        }
        (BinaryOperator::In, Value::List(values)) if is_left => {
            let is_known = |own: &Value| matches!(own, Value::String(_) | Value::Null);
            if !values.iter().all(is_known) {
                return None;
            }
            let holds = |own: &Value| matches!(own, Value::String(own) if own == role);
            if values.iter().any(holds) {
                return Some(Some(true));
            }
            Some((!values.contains(&Value::Null)).then_some(false))
        }
        (BinaryOperator::StartsWith, Value::String(value)) if is_left => {
            Some(Some(role.starts_with(value.as_str())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grism_core::Type;

    use super::*;

    fn role() -> LogicalExpr {
        LogicalExpr::Field {
            base: Box::new(LogicalExpr::Column("r".to_owned())),
            key: "role".to_owned(),
        }
    }

    fn binary(operator: BinaryOperator, right: Value) -> LogicalExpr {
        LogicalExpr::Binary {
            operator,
            left: Box::new(role()),
            right: Box::new(LogicalExpr::Literal(right)),
        }
    }

    fn not(operand: LogicalExpr) -> LogicalExpr {
        LogicalExpr::Unary {
            operator: UnaryOperator::Not,
            operand: Box::new(operand),
        }
    }

    fn text(value: &str) -> Value {
        Value::String(value.to_owned())
    }

    /// The roles that are left of `a`, `b` and `ab`, and how many conjuncts.
    fn narrowed(conjuncts: Vec<LogicalExpr>) -> (Vec<String>, usize) {
        let mut binding = RoleBinding {
            roles: ["a", "b", "ab"].map(str::to_owned).to_vec(),
            member: "m".to_owned(),
            member_type: Type::Node(Arc::new([])),
            restrict: None,
            incidence: Some("r".to_owned()),
            repeats: false,
        };
        let rest = narrow_roles(conjuncts, None, std::slice::from_mut(&mut binding));
        (binding.roles, rest.len())
    }

    #[test]
    fn roles_for_which_a_condition_is_false_or_null_are_left_out() {
        let list = |values: &[Value]| Value::List(values.to_vec());
        let cases = [
            (binary(BinaryOperator::Equal, text("b")), vec!["b"]),
            (binary(BinaryOperator::NotEqual, text("b")), vec!["a", "ab"]),
            (binary(BinaryOperator::NotEqual, Value::Null), vec![]),
            (
                binary(BinaryOperator::StartsWith, text("a")),
                vec!["a", "ab"],
            ),
            (
                not(binary(BinaryOperator::In, list(&[text("a"), text("x")]))),
                vec!["b", "ab"],
            ),
            // Whether a role is not in a list with a null is known only of those that are in it.
            (
                not(binary(BinaryOperator::In, list(&[text("a"), Value::Null]))),
                vec![],
            ),
        ];
        for (condition, left) in cases {
            let (roles, rest) = narrowed(vec![condition.clone()]);
            assert_eq!(
                (roles, rest),
                (left.iter().map(|own| (*own).to_owned()).collect(), 0),
                "{condition}"
            );
        }
    }

    #[test]
    fn other_conditions_stay() {
        let position = LogicalExpr::Field {
            base: Box::new(LogicalExpr::Column("r".to_owned())),
            key: "position".to_owned(),
        };
        let others = [
            binary(BinaryOperator::Contains, text("a")),
            binary(BinaryOperator::In, Value::List(vec![Value::Int64(1)])),
            LogicalExpr::Binary {
                operator: BinaryOperator::Equal,
                left: Box::new(position),
                right: Box::new(LogicalExpr::Literal(Value::Int64(0))),
            },
        ];
        let (roles, rest) = narrowed(others.to_vec());
        assert_eq!((roles.len(), rest), (3, 3));
    }
}
