//! Subqueries within expressions: EXISTS, COUNT, COLLECT and pattern predicates. Their plans come from the clause phase.

use grism_core::Result;
use grism_logical::{ApplyKind, LogicalExpr, LogicalPlan};

use super::binder::ExpressionBinder;
use crate::binder::clause::{pattern_subplan, query_subplan};
use crate::syntax::{Expr, ExprKind, PathPattern, PrefixOperator, Query, Subquery, SubqueryKind};

/// The subplan of an expression that only asks whether something exists, or does not.
pub(crate) fn existential(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: &Expr,
) -> Result<Option<(LogicalPlan, ApplyKind)>> {
    match &expression.kind {
        ExprKind::Parenthesized(inner) => existential(binder, inner),
        ExprKind::Prefix {
            operator: PrefixOperator::Not,
            operand,
        } => Ok(
            existential(binder, operand)?.and_then(|(subplan, kind)| match kind {
                ApplyKind::Semi => Some((subplan, ApplyKind::Anti)),
                ApplyKind::Anti => Some((subplan, ApplyKind::Semi)),
                _ => None,
            }),
        ),
        ExprKind::Pattern(path) => Ok(Some((plan_of_pattern(binder, path)?, ApplyKind::Semi))),
        ExprKind::Subquery(subquery) if subquery.kind == SubqueryKind::Exists => Ok(Some((
            plan_of_query(binder, &subquery.query, subquery.kind)?,
            ApplyKind::Semi,
        ))),
        _ => Ok(None),
    }
}

/// A pattern as a predicate within a larger expression.
pub(super) fn pattern_predicate(
    binder: &mut ExpressionBinder<'_, '_>,
    path: &PathPattern,
) -> Result<LogicalExpr> {
    let subplan = plan_of_pattern(binder, path)?;
    Ok(mark(binder, subplan))
}

/// `EXISTS { … }`, `COUNT { … }` and `COLLECT { … }`.
pub(super) fn bind_subquery(
    binder: &mut ExpressionBinder<'_, '_>,
    subquery: &Subquery,
) -> Result<LogicalExpr> {
    let subplan = plan_of_query(binder, &subquery.query, subquery.kind)?;
    match subquery.kind {
        SubqueryKind::Exists => Ok(mark(binder, subplan)),
        SubqueryKind::Count => {
            let name = binder.notes.fresh("count");
            binder.needs.apply(subplan, ApplyKind::Count(name.clone()));
            Ok(LogicalExpr::Column(name))
        }
        SubqueryKind::Collect => {
            let columns = subplan.schema()?.columns;
            let [column] = &columns[..] else {
                let message = format!("COLLECT {{ … }} returns one column, not {}", columns.len());
                return Err(binder.invalid(message, subquery.span));
            };
            let name = column.name.clone();
            Ok(collected(binder, subplan, name))
        }
    }
}

/// The list of a subplan's column for each row.
pub(super) fn collected(
    binder: &mut ExpressionBinder<'_, '_>,
    subplan: LogicalPlan,
    value: String,
) -> LogicalExpr {
    let into = binder.notes.fresh("list");
    let kind = ApplyKind::Collect {
        value,
        into: into.clone(),
    };
    binder.needs.apply(subplan, kind);
    LogicalExpr::Column(into)
}

/// Whether a subplan has a row for each row.
fn mark(binder: &mut ExpressionBinder<'_, '_>, subplan: LogicalPlan) -> LogicalExpr {
    let name = binder.notes.fresh("exists");
    binder.needs.apply(subplan, ApplyKind::Mark(name.clone()));
    LogicalExpr::Column(name)
}

fn plan_of_pattern(
    binder: &mut ExpressionBinder<'_, '_>,
    path: &PathPattern,
) -> Result<LogicalPlan> {
    let columns = binder.outer_columns()?;
    pattern_subplan(
        binder.context,
        binder.notes,
        binder.input.scope,
        columns,
        path,
    )
}

fn plan_of_query(
    binder: &mut ExpressionBinder<'_, '_>,
    query: &Query,
    kind: SubqueryKind,
) -> Result<LogicalPlan> {
    let columns = binder.outer_columns()?;
    query_subplan(
        binder.context,
        binder.notes,
        binder.input.scope,
        &columns,
        query,
        kind,
    )
}
