//! Whether expressions aggregate.

use crate::syntax::{Expr, ExprKind, Visitor, walk_expr};

/// Whether the expression is itself a call of an aggregate.
pub(crate) fn is_call_of_aggregate(expression: &Expr) -> bool {
    matches!(&expression.kind, ExprKind::Function(call)
        if call.aggregates())
}

/// Whether an aggregate stands in the expression.
pub(crate) fn aggregates(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.0 |= is_call_of_aggregate(expression);
            // A subquery groups for itself.
            if !matches!(expression.kind, ExprKind::Subquery(_)) {
                walk_expr(self, expression);
            }
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}
