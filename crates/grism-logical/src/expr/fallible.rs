//! Whether the evaluation of an expression may raise an error: the one place that says so.
//!
//! A predicate that cannot fail may be evaluated for rows that an earlier clause drops; one that may fail must not.

use grism_core::{Type, Value, with_stack};

use super::{ArithmeticOperator, BinaryOperator, LogicalExpr, UnaryOperator};
use crate::{Column, PlanSchema, arithmetic_type, infer_type};

impl LogicalExpr {
    /// Whether the evaluation over some row of `input` may raise an error, such as a division by zero.
    ///
    /// The answer is on the safe side: `true` where the types are not known before the query runs. Running out of memory
    /// does not count.
    #[must_use]
    pub fn may_fail(&self, input: &PlanSchema) -> bool {
        with_stack(|| self.node_may_fail(input))
    }

    fn node_may_fail(&self, input: &PlanSchema) -> bool {
        let parts_may_fail = || self.children().into_iter().any(|part| part.may_fail(input));
        let type_of = |part: &Self| infer_type(part, input).unwrap_or(Type::Any);
        match self {
            Self::Literal(_) | Self::Column(_) | Self::Property { .. } => false,
            Self::Binary {
                operator, right, ..
            } => operation_may_fail(*operator, right, &type_of) || parts_may_fail(),
            Self::Logic { operands, .. } => {
                operands.iter().any(|part| type_of(part) == Type::Any) || parts_may_fail()
            }
            Self::Arithmetic { first, rest } => {
                arithmetic_may_fail(type_of(first), rest, &type_of) || parts_may_fail()
            }
            Self::Unary { operator, operand } => {
                let fails = match operator {
                    UnaryOperator::IsNull | UnaryOperator::IsNotNull => false,
                    UnaryOperator::Not => type_of(operand) == Type::Any,
                    // The least integer has no counterpart.
                    UnaryOperator::Negate => {
                        !matches!(type_of(operand), Type::Float64 | Type::Null)
                    }
                };
                fails || parts_may_fail()
            }
            Self::Case { branches, .. } => {
                branches.iter().any(|(when, _)| type_of(when) == Type::Any) || parts_may_fail()
            }
            Self::Function {
                function,
                arguments,
            } => {
                let types: Vec<Type> = arguments.iter().map(type_of).collect();
                function.may_fail(&types) || parts_may_fail()
            }
            Self::Index { base, index } => {
                [base, index].iter().any(|part| type_of(part) == Type::Any) || parts_may_fail()
            }
            Self::Slice { .. } => {
                self.children()
                    .into_iter()
                    .any(|part| type_of(part) == Type::Any)
                    || parts_may_fail()
            }
            Self::Convert { operand, ty } => {
                type_of(operand).may_hold_any() && !ty.may_hold_any() || parts_may_fail()
            }
            Self::List(_)
            | Self::Map(_)
            | Self::Field { .. }
            | Self::TableIn { .. }
            | Self::TableLookup { .. } => parts_may_fail(),
            Self::Transform {
                list,
                variable,
                predicate,
                projection,
            } => {
                let Some(inner) = with_element(input, list, variable) else {
                    return true;
                };
                let condition = predicate
                    .as_deref()
                    .is_some_and(|part| infer_type(part, &inner).unwrap_or(Type::Any) == Type::Any);
                let mut parts = predicate.iter().chain(projection);
                condition || list.may_fail(input) || parts.any(|part| part.may_fail(&inner))
            }
            Self::Quantified {
                list,
                variable,
                predicate,
                ..
            } => {
                let Some(inner) = with_element(input, list, variable) else {
                    return true;
                };
                let condition = infer_type(predicate, &inner).unwrap_or(Type::Any) == Type::Any;
                condition || list.may_fail(input) || predicate.may_fail(&inner)
            }
            Self::Reduce {
                accumulator,
                initial,
                variable,
                list,
                step,
                ty,
            } => {
                let Some(mut inner) = with_element(input, list, variable) else {
                    return true;
                };
                inner.put(Column::new(accumulator, ty.clone()));
                initial.may_fail(input) || list.may_fail(input) || step.may_fail(&inner)
            }
        }
    }
}

/// `input` with the element of `list`; `None` where the type of the list is not known before the query runs.
fn with_element(input: &PlanSchema, list: &LogicalExpr, variable: &str) -> Option<PlanSchema> {
    let item = match infer_type(list, input).ok()? {
        Type::List(item) => *item,
        Type::Null => Type::Null,
        _ => return None,
    };
    let mut inner = input.clone();
    inner.put(Column::new(variable, item));
    Some(inner)
}

fn operation_may_fail(
    operator: BinaryOperator,
    right: &LogicalExpr,
    type_of: &dyn Fn(&LogicalExpr) -> Type,
) -> bool {
    use BinaryOperator as Op;
    match operator {
        Op::Equal
        | Op::NotEqual
        | Op::Less
        | Op::LessOrEqual
        | Op::Greater
        | Op::GreaterOrEqual
        | Op::StartsWith
        | Op::EndsWith
        | Op::Contains => false,
        Op::RegexMatch => !is_plain_pattern(right),
        Op::In => type_of(right) == Type::Any,
    }
}

/// Whether a step of a chain of arithmetic may fail, whose first value has the type `ty`.
fn arithmetic_may_fail(
    mut ty: Type,
    rest: &[(ArithmeticOperator, LogicalExpr)],
    type_of: &dyn Fn(&LogicalExpr) -> Type,
) -> bool {
    rest.iter().any(|(operator, operand)| {
        let own = type_of(operand);
        let result = arithmetic_type(*operator, &ty, &own).unwrap_or(Type::Any);
        let before = std::mem::replace(&mut ty, result);
        step_may_fail(*operator, &before, &own, operand)
    })
}

fn step_may_fail(operator: ArithmeticOperator, a: &Type, b: &Type, operand: &LogicalExpr) -> bool {
    use ArithmeticOperator as Op;
    match (a, b) {
        (Type::Null, _) | (_, Type::Null) => false,
        (Type::Any, _) | (_, Type::Any) => true,
        // Integers overflow, and have no quotient by zero.
        (Type::Int64, Type::Int64) => match operator {
            Op::Power => false,
            Op::Divide | Op::Remainder => !matches!(
                operand,
                LogicalExpr::Literal(Value::Int64(divisor)) if *divisor != 0 && *divisor != -1
            ),
            Op::Add | Op::Subtract | Op::Multiply => true,
        },
        _ => false,
    }
}

/// Whether the expression is a constant pattern that is certainly a regular expression.
fn is_plain_pattern(pattern: &LogicalExpr) -> bool {
    let LogicalExpr::Literal(Value::String(pattern)) = pattern else {
        return false;
    };
    let mut repeatable = false;
    pattern.chars().all(|letter| {
        let plain = letter.is_alphanumeric() || " _-.,:;@/'\"".contains(letter);
        let fits = plain || "^$|".contains(letter) || "*+?".contains(letter) && repeatable;
        repeatable = plain;
        fits
    })
}

#[cfg(test)]
mod tests {
    use grism_functions::{ABS, DATE, Function, SIZE, TO_INTEGER};

    use super::*;

    fn input() -> PlanSchema {
        PlanSchema::new(vec![
            Column::new("whole", Type::Int64),
            Column::new("real", Type::Float64),
            Column::new("text", Type::String),
            Column::new("unknown", Type::Any),
            Column::new("numbers", Type::Int64.list()),
        ])
    }

    fn column(name: &str) -> LogicalExpr {
        LogicalExpr::column(name)
    }

    fn number(value: i64) -> LogicalExpr {
        LogicalExpr::Literal(Value::Int64(value))
    }

    #[test]
    fn integer_arithmetic_may_fail_and_comparisons_and_floats_do_not() {
        let fails = |expression: LogicalExpr| expression.may_fail(&input());
        assert!(fails(
            number(10).arithmetic(ArithmeticOperator::Divide, column("whole"))
        ));
        assert!(fails(
            column("whole").arithmetic(ArithmeticOperator::Add, number(1))
        ));
        assert!(!fails(
            column("whole").arithmetic(ArithmeticOperator::Divide, number(3))
        ));
        assert!(fails(
            column("whole").arithmetic(ArithmeticOperator::Divide, number(0))
        ));
        assert!(!fails(
            number(10).arithmetic(ArithmeticOperator::Divide, column("real"))
        ));
        assert!(!fails(
            column("whole").binary(BinaryOperator::Less, column("text"))
        ));
        assert!(!fails(
            column("text").arithmetic(ArithmeticOperator::Add, column("text"))
        ));
        // The type of a chain changes on the way.
        let floats = column("whole").arithmetic_chain([
            (ArithmeticOperator::Power, number(2)),
            (ArithmeticOperator::Add, column("whole")),
        ]);
        assert!(!fails(floats));
        assert!(fails(
            column("unknown").arithmetic(ArithmeticOperator::Add, number(1))
        ));
    }

    #[test]
    fn functions_of_known_types_do_not_fail_where_they_have_a_value_for_all() {
        let call = |function: &'static Function, argument: &str| {
            LogicalExpr::call(function, vec![column(argument)]).may_fail(&input())
        };
        assert!(!call(&SIZE, "text"));
        assert!(call(&SIZE, "unknown"));
        assert!(call(&TO_INTEGER, "real"));
        assert!(call(&DATE, "text"));
        assert!(call(&ABS, "whole"));
    }

    #[test]
    fn a_part_that_may_fail_makes_the_whole_so() {
        let quotient = number(1).arithmetic(ArithmeticOperator::Divide, column("x"));
        let positive = quotient.binary(BinaryOperator::Greater, number(0));
        let any = |predicate: LogicalExpr| LogicalExpr::Quantified {
            quantifier: crate::Quantifier::Any,
            list: Box::new(column("numbers")),
            variable: "x".to_owned(),
            predicate: Box::new(predicate),
        };
        assert!(any(positive).may_fail(&input()));
        let plain = column("x").binary(BinaryOperator::Greater, number(0));
        assert!(!any(plain).may_fail(&input()));
    }

    #[test]
    fn a_constant_pattern_fails_only_where_it_may_be_malformed() {
        let matches = |pattern: &str| {
            let pattern = LogicalExpr::Literal(Value::String(pattern.to_owned()));
            column("text")
                .binary(BinaryOperator::RegexMatch, pattern)
                .may_fail(&input())
        };
        assert!(!matches("ab.*c"));
        assert!(matches("*a"));
        assert!(matches("(a"));
    }
}
