//! WHERE: the rows for which a predicate is true.

use grism_core::Result;
use grism_logical::LogicalExpr;

use super::rows::Rows;
use crate::binder::expression::{
    ExpressionBinder, ExpressionInput, Needs, bind_predicate, existential,
};
use crate::binder::names::split_conjunction;
use crate::binder::{Notes, QueryContext};
use crate::syntax::Expr;

/// Keeps the rows for which `predicate` is true; existential parts of its conjunction become semi and anti joins.
pub(super) fn filter(
    context: QueryContext<'_>,
    notes: &mut Notes,
    mut rows: Rows,
    predicate: &Expr,
) -> Result<Rows> {
    let mut needs = Needs::default();
    let mut columns = rows.plan.schema()?;
    let mut conjuncts = Vec::new();
    for part in split_conjunction(predicate) {
        let input = ExpressionInput::new(&rows.scope, &columns);
        let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
        match existential(&mut binder, part)? {
            Some((subplan, kind)) => {
                rows = rows.with_needs(&mut needs)?.applied(subplan, kind);
                columns = rows.plan.schema()?;
            }
            None => conjuncts.push(bind_predicate(&mut binder, part)?),
        }
    }
    let mut rows = rows.with_needs(&mut needs)?;
    if conjuncts.iter().any(LogicalExpr::is_volatile) {
        rows.open = None;
    }
    Ok(keep(rows, conjuncts))
}

/// Keeps the rows for which all of `conjuncts` are true.
pub(super) fn keep(mut rows: Rows, conjuncts: Vec<LogicalExpr>) -> Rows {
    rows.plan = rows.plan.filtered(conjuncts.clone());
    if let Some(open) = &mut rows.open {
        open.conditions.extend(conjuncts);
    }
    rows
}
