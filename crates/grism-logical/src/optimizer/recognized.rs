//! Shapes of expressions that several rules look for.

use crate::{BinaryOperator, LogicalExpr, NamedExpr};

/// Whether a projection gives columns of its input and nothing else.
pub(super) fn only_drops(expressions: &[NamedExpr]) -> bool {
    expressions.iter().all(NamedExpr::is_own_column)
}

/// The other column of `own <> other`.
pub(super) fn other_than(conjunct: &LogicalExpr, own: &str) -> Option<String> {
    match conjunct {
        LogicalExpr::Binary {
            operator: BinaryOperator::NotEqual,
            left,
            right,
        } => match (&**left, &**right) {
            (LogicalExpr::Column(a), LogicalExpr::Column(b)) if a == own => Some(b.clone()),
            (LogicalExpr::Column(a), LogicalExpr::Column(b)) if b == own => Some(a.clone()),
            _ => None,
        },
        _ => None,
    }
}
