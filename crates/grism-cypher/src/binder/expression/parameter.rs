//! Values that are needed while a query is bound: what is wrong with one that a parameter gives is no fault of the text.

use grism_core::Error;

use crate::syntax::{Expr, ExprKind, Visitor, walk_expr};

/// The error for the value of `expression`: that of a parameter is known only when the query runs.
pub(crate) fn of_value(error: Error, expression: &Expr) -> Error {
    if reads_parameter(expression) {
        error.by_parameter()
    } else {
        error
    }
}

/// Whether a parameter stands in the expression.
fn reads_parameter(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.0 |= matches!(expression.kind, ExprKind::Parameter(_));
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}
