//! reduce(): a value that is carried from element to element of a list.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::bind::bind_expression;
use super::binder::{ExpressionBinder, Lambda};
use super::entity::with_deep_contents;
use super::lambda::{list_of, with_lambda};
use crate::syntax::{Expr, Reduce};

/// The most levels of the entities in the value that are read.
const MOST_LEVELS: u8 = 4;

/// `reduce(accumulator = initial, variable IN list | step)`. The accumulator has the type that holds every step.
pub(super) fn bind_reduce(
    binder: &mut ExpressionBinder<'_, '_>,
    reduce: &Reduce,
    place: &Expr,
) -> Result<LogicalExpr> {
    let start = bind_expression(binder, &reduce.initial)?;
    let start_type = binder.type_of(&start, &reduce.initial)?;
    let (mut initial, mut ty) = (start.clone(), start_type.clone());
    let (list, item) = list_of(binder, &reduce.list)?;
    let outside = binder.needs.mark(binder.notes);
    // How many levels of the entities in the value are read.
    let mut read = 0;
    // The value may widen from step to step: until it holds what the next step makes of it.
    loop {
        let mark = binder.needs.mark(binder.notes);
        let accumulator = binder.notes.fresh("sum");
        binder.lambdas.push(Lambda {
            name: reduce.accumulator.text.clone(),
            column: accumulator.clone(),
            ty: ty.clone(),
            depth: 0,
            with_contents: None,
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
                if read == 0 {
                    return Ok((step, found));
                }
                let step = with_deep_contents(binder, step, &found, read);
                let found = binder.type_of(&step, &reduce.step)?;
                Ok((step, found))
            },
        );
        let asked = binder.lambdas[depth - 1].depth;
        binder.lambdas.truncate(depth - 1);
        let (list, variable, (step, found)) = bound?;
        if asked > read {
            // A step that goes down to members asks for one level more each time.
            if asked > MOST_LEVELS {
                return Err(binder.unsupported("this use of an element's entity", place.span));
            }
            binder.needs.rewind(outside, binder.notes);
            (read, ty) = (asked, Type::Any);
            initial = with_deep_contents(binder, start.clone(), &start_type, read);
            continue;
        }
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
