//! Prefix and infix operators; comparisons may stand in a chain.

use grism_core::Result;
use grism_logical::{BinaryOperator, LogicalExpr, UnaryOperator};
use open_cypher::Span;
use open_cypher::ast::{self, Expr, ExprKind, LiteralKind};

use super::Binder;
use super::odd_comparison::odd_comparison;

impl Binder<'_> {
    pub(super) fn unary(
        &mut self,
        operator: ast::UnaryOperator,
        operand: &Expr,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        if operator == ast::UnaryOperator::Minus
            && let ExprKind::Literal(literal) = &operand.kind
            && matches!(
                literal.kind,
                LiteralKind::Integer(_) | LiteralKind::Float(_)
            )
        {
            // The least integer has no positive twin, so the sign belongs to the literal.
            return Ok(LogicalExpr::Literal(self.literal(
                &literal.kind,
                place.span,
                true,
            )?));
        }
        let bound = self.expression(operand)?;
        match operator {
            ast::UnaryOperator::Not => self.typed(bound.unary(UnaryOperator::Not), place),
            ast::UnaryOperator::Minus => self.typed(bound.unary(UnaryOperator::Negate), place),
            ast::UnaryOperator::Plus => {
                self.typed(bound.clone().unary(UnaryOperator::Negate), place)?;
                Ok(bound)
            }
            _ => Err(self.source.unsupported("this operator", place.span)),
        }
    }

    pub(super) fn operator(
        &self,
        operator: ast::BinaryOperator,
        span: Span,
    ) -> Result<BinaryOperator> {
        use ast::BinaryOperator as Ast;
        Ok(match operator {
            Ast::Or => BinaryOperator::Or,
            Ast::Xor => BinaryOperator::Xor,
            Ast::And => BinaryOperator::And,
            Ast::Equal => BinaryOperator::Equal,
            Ast::NotEqual => BinaryOperator::NotEqual,
            Ast::Less => BinaryOperator::Less,
            Ast::LessEqual => BinaryOperator::LessOrEqual,
            Ast::Greater => BinaryOperator::Greater,
            Ast::GreaterEqual => BinaryOperator::GreaterOrEqual,
            Ast::RegexMatch => BinaryOperator::RegexMatch,
            Ast::In => BinaryOperator::In,
            Ast::StartsWith => BinaryOperator::StartsWith,
            Ast::EndsWith => BinaryOperator::EndsWith,
            Ast::Contains => BinaryOperator::Contains,
            Ast::Add | Ast::Concat => BinaryOperator::Add,
            Ast::Subtract => BinaryOperator::Subtract,
            Ast::Multiply => BinaryOperator::Multiply,
            Ast::Divide => BinaryOperator::Divide,
            Ast::Remainder => BinaryOperator::Remainder,
            Ast::Power => BinaryOperator::Power,
            _ => return Err(self.source.unsupported("this operator", span)),
        })
    }

    pub(super) fn binary(
        &mut self,
        left: &Expr,
        operator: BinaryOperator,
        right: &Expr,
        place: &Expr,
    ) -> Result<LogicalExpr> {
        // `a < b < c` means `a < b AND b < c`.
        if operator.is_comparison()
            && let ExprKind::Binary {
                operator: inner,
                right: middle,
                ..
            } = &left.kind
            && self.operator(inner.kind, inner.span)?.is_comparison()
        {
            let first = self.expression(left)?;
            let second = self.binary(middle, operator, right, place)?;
            return Ok(first.binary(BinaryOperator::And, second));
        }
        let (bound_left, bound_right) = (self.expression(left)?, self.expression(right)?);
        // Chains of other operators are long, and their types are inferred as a whole.
        if operator.is_comparison() || operator == BinaryOperator::In {
            let left_type = self.type_of(&bound_left, place)?;
            let right_type = self.type_of(&bound_right, place)?;
            if let Some(message) = odd_comparison(operator, &left_type, &right_type) {
                self.warn(message, place.span);
            }
        }
        self.typed(bound_left.binary(operator, bound_right), place)
    }
}
