//! Calls of functions, bound by the family that the function belongs to.

use grism_core::{Error, Result, Type, Value};
use grism_logical::{AggregateFunction, LogicalExpr, ScalarFunction, UnaryOperator};

use super::aggregate::{aggregate_call, list_aggregate};
use super::catalog::Family;
use crate::binder::expression::bind::bind_expression;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::expression::entity::{EntityCall, dynamic_function, entity_function};
use crate::binder::names::hint;
use crate::syntax::{Expr, ExprKind, FunctionCall};

/// Functions of other systems that Grism knows by name and does not have.
const OF_OTHER_SYSTEMS: [&str; 4] = ["point", "distance", "point.distance", "length3d"];

/// A call of any function.
pub(in crate::binder::expression) fn bind_function(
    binder: &mut ExpressionBinder<'_, '_>,
    call: &FunctionCall,
    place: &Expr,
) -> Result<LogicalExpr> {
    let family = Family::of(&call.name.text, call.arguments.len());
    match family {
        Some(Family::Aggregate(function)) => return aggregate_call(binder, function, call, place),
        Some(Family::ListAggregate(function, arguments)) => {
            return list_aggregate(binder, function, arguments, call, place);
        }
        _ => refuse_aggregate_syntax(binder, call, place)?,
    }
    match family {
        Some(Family::Exists) => exists(binder, &call.arguments[0]),
        Some(Family::Timestamp) => timestamp(binder),
        Some(Family::OfEntity(function)) => {
            check_arity(binder, function, call, place)?;
            of_entity(binder, function, call, place)
        }
        Some(Family::Clock(function)) => {
            check_arity(binder, function, call, place)?;
            clock(binder, function)
        }
        Some(Family::Scalar(function)) => {
            check_arity(binder, function, call, place)?;
            let arguments = arguments(binder, call)?;
            binder.typed(LogicalExpr::call(function, arguments), place)
        }
        Some(Family::Aggregate(_) | Family::ListAggregate(..)) | None => {
            Err(unknown_function(binder, call))
        }
    }
}

/// DISTINCT and `*` belong to aggregates.
fn refuse_aggregate_syntax(
    binder: &ExpressionBinder<'_, '_>,
    call: &FunctionCall,
    place: &Expr,
) -> Result<()> {
    if let Some(distinct) = call.distinct {
        let name = &call.name.text;
        let message = format!("`{name}()` does not aggregate: DISTINCT has no meaning");
        return Err(binder.invalid(message, distinct));
    }
    if call.star {
        let message = "`*` stands only in count(*) and RETURN *";
        return Err(binder.invalid(message, place.span));
    }
    Ok(())
}

fn check_arity(
    binder: &ExpressionBinder<'_, '_>,
    function: ScalarFunction,
    call: &FunctionCall,
    place: &Expr,
) -> Result<()> {
    let (least, most) = function.arity();
    let count = call.arguments.len();
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let wanted = if least == most {
        least.to_string()
    } else {
        format!("{least} to {most}")
    };
    let name = function.name();
    let message = format!("`{name}()` takes {wanted} arguments, not {count}");
    Err(binder
        .invalid(message, place.span)
        .with_code("SyntaxError:InvalidNumberOfArguments"))
}

fn arguments(
    binder: &mut ExpressionBinder<'_, '_>,
    call: &FunctionCall,
) -> Result<Vec<LogicalExpr>> {
    let arguments = call.arguments.iter();
    arguments
        .map(|argument| bind_expression(binder, argument))
        .collect()
}

fn exists(binder: &mut ExpressionBinder<'_, '_>, argument: &Expr) -> Result<LogicalExpr> {
    let bound = bind_expression(binder, argument)?;
    Ok(match &argument.kind {
        ExprKind::Pattern(_) => bound,
        _ => bound.unary(UnaryOperator::IsNotNull),
    })
}

/// Milliseconds since 1970 on the statement's clock.
fn timestamp(binder: &mut ExpressionBinder<'_, '_>) -> Result<LogicalExpr> {
    binder.notes.volatile = true;
    let bind = binder.context.bind;
    let key = Value::String("epochMillis".to_owned());
    let millis = LogicalExpr::call(
        ScalarFunction::Get,
        vec![
            LogicalExpr::Literal(bind.now.clone()),
            LogicalExpr::Literal(key),
        ],
    );
    let millis = (bind.constant)(&millis)?;
    let millis = LogicalExpr::Literal(millis).convert(&Type::Any, &Type::Int64);
    Ok(LogicalExpr::Literal((bind.constant)(&millis)?))
}

/// The time on the statement's clock, which is one for the whole statement.
fn clock(binder: &mut ExpressionBinder<'_, '_>, function: ScalarFunction) -> Result<LogicalExpr> {
    binder.notes.volatile = true;
    let bind = binder.context.bind;
    let now = LogicalExpr::Literal(bind.now.clone());
    let now = (bind.constant)(&LogicalExpr::call(function, vec![now]))?;
    Ok(LogicalExpr::Literal(now))
}

fn of_entity(
    binder: &mut ExpressionBinder<'_, '_>,
    function: ScalarFunction,
    call: &FunctionCall,
    place: &Expr,
) -> Result<LogicalExpr> {
    let mut arguments = arguments(binder, call)?;
    let role = match arguments.get(1) {
        None => None,
        Some(LogicalExpr::Literal(Value::String(role))) => Some(role.clone()),
        // Which role is asked for is known only row by row.
        Some(_) => {
            let role = arguments.swap_remove(1);
            let role_type = binder.type_of(&role, &call.arguments[1])?;
            let role = role.convert(&role_type, &Type::Any);
            let base = arguments.swap_remove(0);
            let ty = binder.type_of(&base, &call.arguments[0])?;
            let bound = dynamic_function(binder, function, base, &ty, vec![role]);
            return binder.typed(bound, place);
        }
    };
    let base = arguments.swap_remove(0);
    let ty = binder.type_of(&base, &call.arguments[0])?;
    let call = EntityCall {
        function,
        ty: &ty,
        role: role.as_deref(),
        span: place.span,
    };
    let bound = entity_function(binder, base, &call)?;
    binder.typed(bound, place)
}

fn unknown_function(binder: &ExpressionBinder<'_, '_>, call: &FunctionCall) -> Error {
    let name = &call.name.text;
    let mut others = OF_OTHER_SYSTEMS.iter();
    if others.any(|other| other.eq_ignore_ascii_case(name)) {
        return binder.unsupported(format!("the function {name}()"), call.name.span);
    }
    let known = ScalarFunction::ALL
        .iter()
        .map(|function| function.name())
        .filter(|name| !name.starts_with('#'));
    let known = known.chain(AggregateFunction::ALL.map(AggregateFunction::name));
    let known = known.chain(["upper", "lower", "ceiling", "exists", "timestamp"]);
    let message = format!("unknown function `{name}`{}", hint(name, known));
    binder
        .invalid(message, call.name.span)
        .with_code("SyntaxError:UnknownFunction")
}
