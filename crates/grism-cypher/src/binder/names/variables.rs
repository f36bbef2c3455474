//! What an expression reads, and the parts of a conjunction, from the syntax alone.

use crate::syntax::{Expr, ExprKind, InfixOperator, Visitor, walk_expr};

/// The names of all variables that an expression reads.
pub(crate) fn variables_of(expression: &Expr) -> Vec<String> {
    struct Names(Vec<String>);
    impl<'ast> Visitor<'ast> for Names {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Variable(name) = &expression.kind {
                self.0.push(name.text.clone());
            }
            walk_expr(self, expression);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expression);
    names.0
}

/// The parts of a conjunction, from left to right.
pub(crate) fn split_conjunction(predicate: &Expr) -> Vec<&Expr> {
    let (mut open, mut parts) = (vec![predicate], Vec::new());
    while let Some(next) = open.pop() {
        match &next.kind {
            ExprKind::Parenthesized(inner) => open.push(inner),
            ExprKind::Chain { first, rest }
                if rest.iter().all(|link| link.operator == InfixOperator::And) =>
            {
                open.extend(rest.iter().rev().map(|link| &link.operand));
                open.push(first);
            }
            _ => parts.push(next),
        }
    }
    parts
}
