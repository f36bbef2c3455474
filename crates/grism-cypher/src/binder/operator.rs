//! Prefix and infix operators; comparisons may stand in a chain.

use grism_core::Result;
use grism_logical::{
    ArithmeticOperator, BinaryOperator, InfixOperator, LogicOperator, LogicalExpr, UnaryOperator,
};
use open_cypher::Span;
use open_cypher::ast::{self, Expr, ExprKind, LiteralKind};

use super::Binder;

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
    ) -> Result<InfixOperator> {
        use ast::BinaryOperator as Ast;
        Ok(match operator {
            Ast::Or => InfixOperator::Logic(LogicOperator::Or),
            Ast::Xor => InfixOperator::Logic(LogicOperator::Xor),
            Ast::And => InfixOperator::Logic(LogicOperator::And),
            Ast::Equal => InfixOperator::Binary(BinaryOperator::Equal),
            Ast::NotEqual => InfixOperator::Binary(BinaryOperator::NotEqual),
            Ast::Less => InfixOperator::Binary(BinaryOperator::Less),
            Ast::LessEqual => InfixOperator::Binary(BinaryOperator::LessOrEqual),
            Ast::Greater => InfixOperator::Binary(BinaryOperator::Greater),
            Ast::GreaterEqual => InfixOperator::Binary(BinaryOperator::GreaterOrEqual),
            Ast::RegexMatch => InfixOperator::Binary(BinaryOperator::RegexMatch),
            Ast::In => InfixOperator::Binary(BinaryOperator::In),
            Ast::StartsWith => InfixOperator::Binary(BinaryOperator::StartsWith),
            Ast::EndsWith => InfixOperator::Binary(BinaryOperator::EndsWith),
            Ast::Contains => InfixOperator::Binary(BinaryOperator::Contains),
            Ast::Add | Ast::Concat => InfixOperator::Arithmetic(ArithmeticOperator::Add),
            Ast::Subtract => InfixOperator::Arithmetic(ArithmeticOperator::Subtract),
            Ast::Multiply => InfixOperator::Arithmetic(ArithmeticOperator::Multiply),
            Ast::Divide => InfixOperator::Arithmetic(ArithmeticOperator::Divide),
            Ast::Remainder => InfixOperator::Arithmetic(ArithmeticOperator::Remainder),
            Ast::Power => InfixOperator::Arithmetic(ArithmeticOperator::Power),
            _ => return Err(self.source.unsupported("this operator", span)),
        })
    }

    /// An infix operator. A chain of logic and arithmetic is bound in a loop and typed once, however long it is.
    pub(super) fn infix(&mut self, place: &Expr) -> Result<LogicalExpr> {
        let mut steps = Vec::new();
        let mut leftmost = place;
        while let ExprKind::Binary {
            left,
            operator,
            right,
        } = &leftmost.kind
        {
            let operator = self.operator(operator.kind, operator.span)?;
            if matches!(operator, InfixOperator::Binary(_)) {
                break;
            }
            steps.push((operator, &**right));
            leftmost = left;
        }
        let mut bound = match &leftmost.kind {
            ExprKind::Binary {
                left,
                operator,
                right,
            } => match self.operator(operator.kind, operator.span)? {
                InfixOperator::Binary(operator) => self.binary(left, operator, right, leftmost)?,
                _ => return Err(self.source.unsupported("this operator", leftmost.span)),
            },
            _ => self.expression(leftmost)?,
        };
        if steps.is_empty() {
            return Ok(bound);
        }
        while let Some((operator, right)) = steps.pop() {
            let right = self.expression(right)?;
            bound = bound.infix(operator, right);
        }
        self.typed(bound, place)
    }

    fn binary(
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
            && let InfixOperator::Binary(inner) = self.operator(inner.kind, inner.span)?
            && inner.is_comparison()
        {
            let first = self.expression(left)?;
            let second = self.binary(middle, operator, right, place)?;
            return Ok(LogicalExpr::all([first, second]));
        }
        let bound = self
            .expression(left)?
            .binary(operator, self.expression(right)?);
        self.typed(bound, place)
    }
}
