//! Prefix and infix operators; comparisons may stand in a chain.

use grism_core::{Result, Value};
use grism_logical::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, LogicalExpr, UnaryOperator,
};

use super::bind::bind_expression;
use super::binder::ExpressionBinder;
use super::literal::literal;
use super::odd_comparison::warn_of_comparison;
use crate::syntax::{self, ChainLink, Expr, ExprKind, Literal, PrefixOperator};

/// `NOT`, `-` and `+` before an operand.
pub(super) fn prefix(
    binder: &mut ExpressionBinder<'_, '_>,
    operator: PrefixOperator,
    operand: &Expr,
    place: &Expr,
) -> Result<LogicalExpr> {
    if operator == PrefixOperator::Minus
        && let ExprKind::Literal(number @ (Literal::Integer { .. } | Literal::Float(_))) =
            &operand.kind
    {
        // The least integer has no positive twin, so the sign belongs to the literal.
        let value = literal(binder.context.source, number, place.span, true)?;
        return Ok(LogicalExpr::Literal(value));
    }
    let bound = bind_expression(binder, operand)?;
    match operator {
        PrefixOperator::Not => binder.typed(bound.unary(UnaryOperator::Not), place),
        PrefixOperator::Minus => binder.typed(bound.unary(UnaryOperator::Negate), place),
        PrefixOperator::Plus => {
            binder.typed(bound.clone().unary(UnaryOperator::Negate), place)?;
            Ok(bound)
        }
    }
}

/// Operators of one level of precedence, from left to right. The chain is typed once, however long it is.
pub(super) fn chain(
    binder: &mut ExpressionBinder<'_, '_>,
    first: &Expr,
    rest: &[ChainLink],
    place: &Expr,
) -> Result<LogicalExpr> {
    let mut bound = bind_expression(binder, first)?;
    if rest.iter().any(|link| link.operator.is_comparison()) {
        return comparisons(binder, bound, rest, place);
    }
    for link in rest {
        let operand = bind_expression(binder, &link.operand)?;
        check_comparison(binder, link, (&bound, &operand), place)?;
        bound = bound.infix(operator(link.operator), operand);
    }
    binder.typed(bound, place)
}

/// `a < b < c` means `a < b AND b < c`.
fn comparisons(
    binder: &mut ExpressionBinder<'_, '_>,
    first: LogicalExpr,
    rest: &[ChainLink],
    place: &Expr,
) -> Result<LogicalExpr> {
    let mut left = first;
    let mut pairs = Vec::new();
    for (index, link) in rest.iter().enumerate() {
        let right = bind_expression(binder, &link.operand)?;
        check_comparison(binder, link, (&left, &right), place)?;
        let next = match index + 1 < rest.len() {
            true => right.clone(),
            false => LogicalExpr::Literal(Value::Null),
        };
        pairs.push(binder.typed(left.infix(operator(link.operator), right), place)?);
        left = next;
    }
    Ok(LogicalExpr::all(pairs))
}

/// Warns of a comparison whose operands never compare.
fn check_comparison(
    binder: &mut ExpressionBinder<'_, '_>,
    link: &ChainLink,
    operands: (&LogicalExpr, &LogicalExpr),
    place: &Expr,
) -> Result<()> {
    match operator(link.operator) {
        InfixOperator::Binary(operator) => warn_of_comparison(binder, operator, operands, place),
        // Chains of other operators are long, and their types are inferred as a whole.
        _ => Ok(()),
    }
}

/// The operator of plans for the one of the text.
pub(crate) const fn operator(operator: syntax::InfixOperator) -> InfixOperator {
    use syntax::InfixOperator as Text;
    match operator {
        Text::Or => InfixOperator::Logic(LogicOperator::Or),
        Text::Xor => InfixOperator::Logic(LogicOperator::Xor),
        Text::And => InfixOperator::Logic(LogicOperator::And),
        Text::Equal => InfixOperator::Binary(BinaryOperator::Equal),
        Text::NotEqual => InfixOperator::Binary(BinaryOperator::NotEqual),
        Text::Less => InfixOperator::Binary(BinaryOperator::Less),
        Text::LessOrEqual => InfixOperator::Binary(BinaryOperator::LessOrEqual),
        Text::Greater => InfixOperator::Binary(BinaryOperator::Greater),
        Text::GreaterOrEqual => InfixOperator::Binary(BinaryOperator::GreaterOrEqual),
        Text::RegexMatch => InfixOperator::Binary(BinaryOperator::RegexMatch),
        Text::In => InfixOperator::Binary(BinaryOperator::In),
        Text::StartsWith => InfixOperator::Binary(BinaryOperator::StartsWith),
        Text::EndsWith => InfixOperator::Binary(BinaryOperator::EndsWith),
        Text::Contains => InfixOperator::Binary(BinaryOperator::Contains),
        Text::Add => InfixOperator::Arithmetic(ArithmeticOperator::Add),
        Text::Subtract => InfixOperator::Arithmetic(ArithmeticOperator::Subtract),
        Text::Multiply => InfixOperator::Arithmetic(ArithmeticOperator::Multiply),
        Text::Divide => InfixOperator::Arithmetic(ArithmeticOperator::Divide),
        Text::Remainder => InfixOperator::Arithmetic(ArithmeticOperator::Remainder),
        Text::Power => InfixOperator::Arithmetic(ArithmeticOperator::Power),
    }
}
