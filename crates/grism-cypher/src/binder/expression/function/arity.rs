//! How many arguments a call has.

use grism_core::Result;
use grism_functions::FunctionRef;

use crate::binder::expression::binder::ExpressionBinder;
use crate::syntax::{Expr, FunctionCall};

/// Fails where the call has another number of arguments than the function takes.
pub(super) fn check_arity(
    binder: &ExpressionBinder<'_, '_>,
    function: &FunctionRef,
    call: &FunctionCall,
    place: &Expr,
) -> Result<()> {
    check_count(binder, function.name(), function.arity(), call, place)
}

/// Fails where the call of the function `name` has fewer or more arguments than these bounds.
pub(super) fn check_count(
    binder: &ExpressionBinder<'_, '_>,
    name: &str,
    (least, most): (usize, usize),
    call: &FunctionCall,
    place: &Expr,
) -> Result<()> {
    let count = call.arguments.len();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (1, 1) => "1 argument".to_owned(),
        (least, most) if least == most => format!("{least} arguments"),
        (least, most) => format!("{least} to {most} arguments"),
    };
    let message = format!("`{name}()` takes {wanted}, not {count}");
    Err(binder
        .invalid(message, place.span)
        .with_code("SyntaxError:InvalidNumberOfArguments"))
}
