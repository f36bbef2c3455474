//! The part of a WHERE behind WITH DISTINCT that reads what the projection drops.

use crate::aggregates::aggregates;
use crate::binder::names::{Scope, split_conjunction};
use crate::projected::{Projected, names_in};
use crate::syntax::{Expr, ExprKind, Projection, ProjectionItemKind};

/// A predicate behind a projection that puts rows together.
pub(super) struct Predicates {
    /// What is asked of the rows before: rows are dropped before equal ones become one, which comes to the same.
    pub(super) early: Vec<Expr>,
    /// What is asked of the columns.
    pub(super) late: Vec<Expr>,
}

/// The parts of a predicate over the rows before the projection, and over its columns.
pub(super) fn split(
    scope: &Scope,
    predicate: &Expr,
    projection: &Projection,
    projected: &Projected<'_>,
) -> Predicates {
    let has_early =
        !lists_aggregates(projection) && projection.limit.is_none() && projection.skip.is_none();
    let (mut early, mut late) = (Vec::new(), Vec::new());
    for part in split_conjunction(predicate) {
        let replaced = projected.replaced(part);
        match has_early && reads_before(scope, &replaced, projection) {
            true => early.push(projected.expanded(&replaced)),
            false => late.push(replaced),
        }
    }
    Predicates { early, late }
}

/// Whether the items of the projection aggregate.
pub(super) fn lists_aggregates(projection: &Projection) -> bool {
    projection.items.iter().any(|item| match &item.kind {
        ProjectionItemKind::Expression { expression, .. } => aggregates(expression),
        ProjectionItemKind::Wildcard => false,
    })
}

/// Whether the expression names a variable that the projection does not hand on.
fn reads_before(scope: &Scope, expression: &Expr, projection: &Projection) -> bool {
    let kept = |name: &str| {
        projection.items.iter().any(|item| match &item.kind {
            ProjectionItemKind::Expression { expression, alias } => {
                match (alias, &expression.kind) {
                    (Some(alias), _) => alias.text == name,
                    (None, ExprKind::Variable(own)) => own.text == name,
                    _ => false,
                }
            }
            ProjectionItemKind::Wildcard => true,
        })
    };
    names_in(expression)
        .iter()
        .any(|name| scope.find(name).is_some() && !kept(name))
}
