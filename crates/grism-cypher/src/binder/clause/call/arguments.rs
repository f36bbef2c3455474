//! What a CALL gives to a procedure, and what it takes of it.

use grism_core::{Result, Type};
use grism_functions::{Presence, UserParameter};
use grism_logical::LogicalExpr;

use super::procedure::{Procedure, Source};
use crate::binder::expression::{ExpressionBinder, bind_expression, of_value, user_argument};
use crate::binder::names::{Scope, hint};
use crate::binder::{ParameterTypes, QueryContext};
use crate::syntax::{CallClause, Expr, ExprKind, QualifiedName, Span};

/// The arguments of a call; one that stands `alone` may take them from the parameters.
pub(super) fn bind_arguments(
    binder: &mut ExpressionBinder<'_, '_>,
    procedure: &Procedure,
    given: Option<&[Expr]>,
    name: &QualifiedName,
    alone: bool,
) -> Result<Vec<LogicalExpr>> {
    let Some(given) = given else {
        if !alone && !procedure.arguments.is_empty() {
            return Err(binder
                .invalid(
                    format!("within a query `{}` needs its arguments", procedure.name),
                    name.span,
                )
                .with_code("SyntaxError:InvalidArgumentPassingMode"));
        }
        // A call that stands alone takes its arguments from the parameters of the same names.
        let passed = procedure.arguments.iter().filter(|argument| {
            let is_optional = argument.presence == Presence::Optional;
            !is_optional || binder.context.bind.parameter(&argument.name).is_some()
        });
        return passed
            .map(
                |argument| match binder.context.bind.parameter(&argument.name) {
                    Some(value) => Ok(value),
                    None => Err(binder
                        .invalid(
                            format!("the parameter `${}` has no value", argument.name),
                            name.span,
                        )
                        .with_code("ParameterMissing:MissingParameter")),
                },
            )
            .collect();
    };
    let (least, most) = procedure.arity();
    if !(least..=most).contains(&given.len()) {
        let wanted = match least == most {
            true => least.to_string(),
            false => format!("{least} to {most}"),
        };
        let message = format!(
            "`{}` takes {wanted} arguments, not {}",
            procedure.name,
            given.len()
        );
        return Err(binder
            .invalid(message, name.span)
            .with_code("SyntaxError:InvalidNumberOfArguments"));
    }
    let mut bound = Vec::new();
    for (argument, expression) in procedure.arguments.iter().zip(given) {
        if let ExprKind::Function(call) = &expression.kind
            && call.aggregates()
        {
            return Err(binder
                .invalid("an argument of CALL cannot aggregate", expression.span)
                .with_code("SyntaxError:InvalidAggregation"));
        }
        let value = bind_expression(binder, expression)?;
        let mut found = binder.type_of(&value, expression)?;
        if found == Type::Any && value.columns().is_empty() && !value.is_volatile() {
            found = (binder.context.bind.constant)(&value)?.type_of();
        }
        if !matches!(found, Type::Null | Type::Any) && !argument.takes(&found) {
            let message = format!("`{}` is {}, not {found}", argument.name, argument.ty);
            let code = match binder.context.bind.parameter_types {
                ParameterTypes::Known => "SyntaxError:InvalidArgumentType",
                ParameterTypes::AtRunTime => "TypeError:InvalidArgumentType",
            };
            let error = binder.invalid(message, expression.span).with_code(code);
            return Err(of_value(error, expression));
        }
        bound.push(match procedure.source {
            Source::Function(_) => user_argument(binder, value, expression)?,
            Source::Listed(_) | Source::Index => value,
        });
    }
    Ok(bound)
}

/// The columns that go on, and the variables they become.
pub(super) fn yielded(
    context: QueryContext<'_>,
    scope: &Scope,
    procedure: &Procedure,
    call: &CallClause,
    alone: bool,
    span: Span,
) -> Result<Vec<(UserParameter, String)>> {
    let every = || {
        let columns = procedure.columns.iter();
        columns
            .map(|column| (column.clone(), column.name.clone()))
            .collect::<Vec<_>>()
    };
    let Some(yields) = &call.yields else {
        if !alone && !procedure.columns.is_empty() {
            return Err(context
                .source
                .invalid(
                    format!("within a query `{}` needs YIELD", procedure.name),
                    span,
                )
                .with_code("SyntaxError:UndefinedVariable"));
        }
        return Ok(every());
    };
    let Some(items) = &yields.items else {
        if !alone {
            let message =
                "within a query YIELD names the columns; `*` is for a call that is the whole query";
            return Err(context
                .source
                .invalid(message, span)
                .with_code("SyntaxError:UnexpectedSyntax"));
        }
        return Ok(every());
    };
    let mut found: Vec<(UserParameter, String)> = Vec::new();
    for item in items {
        let name = &item.column;
        let columns = procedure.columns.iter();
        let Some(column) = columns.clone().find(|own| own.name == name.text) else {
            let hint = hint(&name.text, columns.map(|own| own.name.as_str()));
            return Err(context
                .source
                .invalid(
                    format!("`{}` has no column `{}`{hint}", procedure.name, name.text),
                    name.span,
                )
                .with_code("SyntaxError:UndefinedVariable"));
        };
        let variable = item.alias.as_ref().unwrap_or(name);
        let text = variable.text.clone();
        if scope.find(&text).is_some() || found.iter().any(|(_, own)| own == &text) {
            return Err(context
                .source
                .invalid(
                    format!("the variable `{text}` is bound already"),
                    variable.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        found.push((column.clone(), text));
    }
    Ok(found)
}
