//! reduce(): a value that is carried from element to element of a list.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::bind::bind_expression;
use super::binder::{ExpressionBinder, Lambda};
use super::lambda::{list_of, with_lambda};
use crate::syntax::{Expr, Reduce};

/// `reduce(accumulator = initial, variable IN list | step)`. The accumulator has the type that holds every step.
pub(super) fn bind_reduce(
    binder: &mut ExpressionBinder<'_, '_>,
    reduce: &Reduce,
    place: &Expr,
) -> Result<LogicalExpr> {
    let initial = bind_expression(binder, &reduce.initial)?;
    let mut ty = binder.type_of(&initial, &reduce.initial)?;
    let (list, item) = list_of(binder, &reduce.list)?;
    // The value may widen from step to step: until it holds what the next step makes of it.
    loop {
        let mark = binder.needs.mark(binder.notes);
        let accumulator = binder.notes.fresh("sum");
        binder.lambdas.push(Lambda {
            name: reduce.accumulator.text.clone(),
            column: accumulator.clone(),
            ty: ty.clone(),
            depth: 0,
        });
        let depth = binder.lambdas.len();
        let bound = with_lambda(
            binder,
            list.clone(),
            item.clone(),
            &reduce.variable,
            place.span,
            &mut |binder| {
                let step = bind_expression(binder, &reduce.step)?;
                let found = binder.type_of(&step, &reduce.step)?;
                Ok((step, found))
            },
        );
        binder.lambdas.truncate(depth - 1);
        let (list, variable, (step, found)) = bound?;
        let wider = ty.unify(&found);
        if wider == ty {
            return Ok(LogicalExpr::Reduce {
                accumulator,
                initial: Box::new(initial),
                variable,
                list: Box::new(list),
                step: Box::new(step),
                ty,
            });
        }
        // A list that grows by lists would widen for ever.
        ty = if matches!((&ty, &wider), (Type::Null, _)) {
            wider
        } else {
            Type::Any
        };
        binder.needs.rewind(mark, binder.notes);
    }
}
