//! Prefix and infix operators; comparisons may stand in a chain.

use grism_core::{Result, Value};
use grism_logical::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, LogicalExpr, UnaryOperator,
};

use super::Binder;
use super::odd_comparison::odd_comparison;
use crate::syntax::{self, ChainLink, Expr, ExprKind, Literal, PrefixOperator};

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

    /// Operators of one level of precedence, from left to right. The chain is typed once, however long it is.
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
            self.check_comparison(link, &bound, &operand, place)?;
            bound = bound.infix(operator(link.operator), operand);
        }
        self.typed(bound, place)
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
            self.check_comparison(link, &left, &right, place)?;
            let next = match index + 1 < rest.len() {
                true => right.clone(),
                false => LogicalExpr::Literal(Value::Null),
            };
            pairs.push(self.typed(left.infix(operator(link.operator), right), place)?);
            left = next;
        }
        Ok(LogicalExpr::all(pairs))
    }

    /// Warns of a comparison whose operands never compare.
    fn check_comparison(
        &mut self,
        link: &ChainLink,
        left: &LogicalExpr,
        right: &LogicalExpr,
        place: &Expr,
    ) -> Result<()> {
        // Chains of other operators are long, and their types are inferred as a whole.
        let InfixOperator::Binary(operator) = operator(link.operator) else {
            return Ok(());
        };
        if operator.is_comparison() || operator == BinaryOperator::In {
            let types = (self.type_of(left, place)?, self.type_of(right, place)?);
            if let Some(message) = odd_comparison(operator, &types.0, &types.1) {
                self.warn(message, place.span);
            }
        }
        Ok(())
    }
}

/// The operator of plans for the one of the text.
pub(super) const fn operator(operator: syntax::InfixOperator) -> InfixOperator {
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
