//! Entities within values: their labels and properties are read below the operator that asks for them.

use grism_core::Type;
use grism_functions::{Function, GET};
use grism_logical::LogicalExpr;

use super::sources::{contents_below, read_sources};
use crate::binder::expression::binder::ExpressionBinder;

/// The expression, dynamically typed, with the contents of every entity within it.
pub(crate) fn with_contents(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    ty: &Type,
) -> LogicalExpr {
    with_deep_contents(binder, expression, ty, 1)
}

/// The same with the contents of members, `depth - 1` levels deep.
pub(crate) fn with_deep_contents(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
    ty: &Type,
    depth: u8,
) -> LogicalExpr {
    if !ty.may_hold_entity() {
        return expression;
    }
    if binder.reads_lambda(&expression) {
        return read_sources(binder, expression, depth).convert(ty, &Type::Any);
    }
    contents_below(binder, expression, ty, depth)
}

/// `base.key` where the type of `base` is known only at run time.
pub(crate) fn dynamic_property(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    ty: &Type,
    key: LogicalExpr,
) -> LogicalExpr {
    let base = with_contents(binder, base, ty);
    LogicalExpr::call(&GET, vec![base, key])
}

/// A function of an entity whose type is known only at run time.
pub(crate) fn dynamic_function(
    binder: &mut ExpressionBinder<'_, '_>,
    function: &'static Function,
    base: LogicalExpr,
    ty: &Type,
    rest: Vec<LogicalExpr>,
) -> LogicalExpr {
    let mut arguments = vec![with_contents(binder, base, ty)];
    arguments.extend(rest);
    LogicalExpr::call(function, arguments)
}
