//! Prefix and infix operators; comparisons may stand in a chain.

use grism_core::Result;
use grism_logical::{BinaryOperator, LogicalExpr, UnaryOperator};

use super::Binder;
use crate::syntax::{ChainLink, Expr, ExprKind, InfixOperator, Literal, PrefixOperator};

impl Binder<'_> {
    pub(super) fn prefix(
        &mut self,
        operator: PrefixOperator,
        operand: &Expr,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        if operator == PrefixOperator::Minus
            && let ExprKind::Literal(literal @ (Literal::Integer { .. } | Literal::Float(_))) =
                &operand.kind
        {
            // The least integer has no positive twin, so the sign belongs to the literal.
            let value = self.literal(literal, place.span, true)?;
            return Ok(LogicalExpr::Literal(value));
        }
        let bound = self.expression(operand)?;
        match operator {
            PrefixOperator::Not => self.typed(bound.unary(UnaryOperator::Not), place),
            PrefixOperator::Minus => self.typed(bound.unary(UnaryOperator::Negate), place),
            PrefixOperator::Plus => {
                self.typed(bound.clone().unary(UnaryOperator::Negate), place)?;
                Ok(bound)
            }
        }
    }

    /// Operators of one level of precedence, from left to right.
    pub(super) fn chain(
        &mut self,
        first: &Expr,
        rest: &[ChainLink],
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let mut bound = self.expression(first)?;
        if rest.iter().any(|link| link.operator.is_comparison()) {
            return self.comparisons(bound, rest, place);
        }
        for link in rest {
            let operand = self.expression(&link.operand)?;
            bound = self.typed(bound.binary(operator(link.operator), operand), place)?;
        }
        Ok(bound)
    }

    /// `a < b < c` means `a < b AND b < c`.
    fn comparisons(
        &mut self,
        first: LogicalExpr,
        rest: &[ChainLink],
        place: &Expr,
    ) -> Result<LogicalExpr> {
        let mut left = first;
        let mut pairs = Vec::new();
        for (index, link) in rest.iter().enumerate() {
            let right = self.expression(&link.operand)?;
            let next = match index + 1 < rest.len() {
                true => right.clone(),
                false => LogicalExpr::Literal(grism_core::Value::Null),
            };
            pairs.push(self.typed(left.binary(operator(link.operator), right), place)?);
            left = next;
        }
        Ok(LogicalExpr::all(pairs))
    }
}

/// The operator of plans for the one of the text.
pub(super) const fn operator(operator: InfixOperator) -> BinaryOperator {
    match operator {
        InfixOperator::Or => BinaryOperator::Or,
        InfixOperator::Xor => BinaryOperator::Xor,
        InfixOperator::And => BinaryOperator::And,
        InfixOperator::Equal => BinaryOperator::Equal,
        InfixOperator::NotEqual => BinaryOperator::NotEqual,
        InfixOperator::Less => BinaryOperator::Less,
        InfixOperator::LessOrEqual => BinaryOperator::LessOrEqual,
        InfixOperator::Greater => BinaryOperator::Greater,
        InfixOperator::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
        InfixOperator::RegexMatch => BinaryOperator::RegexMatch,
        InfixOperator::In => BinaryOperator::In,
        InfixOperator::StartsWith => BinaryOperator::StartsWith,
        InfixOperator::EndsWith => BinaryOperator::EndsWith,
        InfixOperator::Contains => BinaryOperator::Contains,
        InfixOperator::Add => BinaryOperator::Add,
        InfixOperator::Subtract => BinaryOperator::Subtract,
        InfixOperator::Multiply => BinaryOperator::Multiply,
        InfixOperator::Divide => BinaryOperator::Divide,
        InfixOperator::Remainder => BinaryOperator::Remainder,
        InfixOperator::Power => BinaryOperator::Power,
    }
}
