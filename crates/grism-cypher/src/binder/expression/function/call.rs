//! Calls of functions, bound by the family that the function belongs to.

use std::sync::Arc;

use grism_core::{Error, Result, Type, Value};
use grism_functions::{Binding, EntityFunction, Function, FunctionRef, GET, UserDefined};
use grism_logical::{LogicalExpr, UnaryOperator};

use super::aggregate::{
    MISPLACED_STAR, aggregate_call, list_aggregate, user_aggregate, user_argument,
};
use super::arity::check_arity;
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
    if let Some(UserDefined::Aggregate(function)) =
        binder.context.bind.functions.user(&call.name.text)
    {
        return user_aggregate(binder, Arc::clone(function).into(), call, place);
    }
    let Some(function) = find(binder, call) else {
        refuse_aggregate_syntax(binder, call, place)?;
        return Err(unknown_function(binder, call));
    };
    let binding = match function.built_in() {
        Some(function) => function.binding,
        None => Binding::Values,
    };
    match (binding, function.built_in()) {
        (Binding::Aggregate(function), _) => return aggregate_call(binder, function, call, place),
        (Binding::OverList(function), Some(aggregate)) => {
            return list_aggregate(binder, aggregate, function, call, place);
        }
        _ => refuse_aggregate_syntax(binder, call, place)?,
    }
    check_arity(binder, &function, call, place)?;
    match (binding, function.built_in()) {
        (Binding::Exists, _) => exists(binder, &call.arguments[0]),
        (Binding::Timestamp, _) => timestamp(binder),
        (Binding::Entity(kind), Some(function)) => of_entity(binder, function, kind, call, place),
        (Binding::Clock, Some(function)) if call.arguments.is_empty() => clock(binder, function),
        _ => {
            let mut arguments = arguments(binder, call)?;
            if function.built_in().is_none() {
                let given = arguments.into_iter().zip(&call.arguments);
                let seen = given.map(|(bound, place)| user_argument(binder, bound, place));
                arguments = seen.collect::<Result<_>>()?;
            }
            binder.typed(LogicalExpr::call(function, arguments), place)
        }
    }
}

/// The function of a call; `date.statement` and the like are `date`, since one clock serves the whole statement.
fn find(binder: &ExpressionBinder<'_, '_>, call: &FunctionCall) -> Option<FunctionRef> {
    let (name, functions) = (&call.name.text, binder.context.bind.functions);
    functions.find(name).or_else(|| {
        let (plain, clock) = name.rsplit_once('.')?;
        let clocks = ["transaction", "statement", "realtime"];
        let function = functions.find(plain)?;
        let has_clock = function.built_in()?.binding == Binding::Clock;
        (has_clock && clocks.contains(&clock)).then_some(function)
    })
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
        return Err(binder.invalid(MISPLACED_STAR, place.span));
    }
    Ok(())
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
        &GET,
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
fn clock(
    binder: &mut ExpressionBinder<'_, '_>,
    function: &'static Function,
) -> Result<LogicalExpr> {
    binder.notes.volatile = true;
    let bind = binder.context.bind;
    let now = LogicalExpr::Literal(bind.now.clone());
    let now = (bind.constant)(&LogicalExpr::call(function, vec![now]))?;
    Ok(LogicalExpr::Literal(now))
}

fn of_entity(
    binder: &mut ExpressionBinder<'_, '_>,
    function: &'static Function,
    kind: EntityFunction,
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
        kind,
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
    let functions = binder.context.bind.functions;
    if let Some(UserDefined::Table(_)) = functions.user(name) {
        let message = format!("`{name}()` gives rows, not a value: CALL {name}(…) YIELD …");
        let error = binder.invalid(message, call.name.span);
        return error.with_code("SyntaxError:UnknownFunction");
    }
    let known = functions.names();
    let message = format!("unknown function `{name}`{}", hint(name, known));
    binder
        .invalid(message, call.name.span)
        .with_code("SyntaxError:UnknownFunction")
}
