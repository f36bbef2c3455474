//! SKIP and LIMIT: a number of rows that is known before the query runs.

use grism_core::{Error, Result, Value};
use grism_logical::PlanSchema;

use crate::binder::expression::{
    ExpressionBinder, ExpressionInput, Needs, bind_expression, of_value,
};
use crate::binder::names::Scope;
use crate::binder::{Notes, QueryContext};
use crate::syntax::Expr;

/// The number that a clause gives; `None` where it gives none. No variable is in scope there.
pub(crate) fn row_count(
    context: QueryContext<'_>,
    notes: &mut Notes,
    columns: &PlanSchema,
    expression: Option<&Expr>,
    clause: &str,
) -> Result<Option<usize>> {
    let Some(syntax) = expression else {
        return Ok(None);
    };
    let refuse = |message: String, code: &'static str| -> Error {
        let error = context.source.invalid(message, syntax.span);
        of_value(error.with_code(code), syntax)
    };
    let not_constant = || {
        let message = format!("{clause} cannot refer to variables");
        refuse(message, "SyntaxError:NonConstantExpression")
    };
    let (scope, mut needs) = (Scope::default(), Needs::default());
    let input = ExpressionInput::new(&scope, columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let bound = bind_expression(&mut binder, syntax).map_err(|error| {
        if error.code() == Some("SyntaxError:UndefinedVariable") {
            return not_constant();
        }
        error
    })?;
    if !bound.columns().is_empty() || !needs.is_empty() {
        return Err(not_constant());
    }
    notes.volatile |= bound.is_volatile();
    let value = (context.bind.constant)(&bound).map_err(|error| {
        of_value(
            error.with_location(context.source.location(syntax.span)),
            syntax,
        )
    })?;
    match value {
        Value::Int64(count) => usize::try_from(count).map(Some).map_err(|_| {
            refuse(
                format!("{clause} cannot be negative"),
                "SyntaxError:NegativeIntegerArgument",
            )
        }),
        other => {
            let found = other.type_name();
            Err(refuse(
                format!("{clause} needs an integer, not {found}"),
                "SyntaxError:InvalidArgumentType",
            ))
        }
    }
}
