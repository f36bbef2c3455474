//! Aggregates: their arguments, and the columns of their results.

use grism_core::{Result, Type, Value};
use grism_functions::{AVG_OF, AggregateRef, DISTINCT_OF, Function, SUM_OF};
use grism_logical::{AggregateCall, AggregateFunction, LogicalExpr};

use super::arity::{check_arity, check_count};
use crate::binder::expression::bind::bind_expression;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::expression::entity::with_contents;
use crate::syntax::{Expr, FunctionCall};

/// The message for `*` as the argument of another function than `count`.
pub(super) const MISPLACED_STAR: &str = "`*` stands only in count(*) and RETURN *";

/// What `bind` binds of the arguments of an aggregate, in which no aggregate may stand.
fn within_aggregate<T>(
    binder: &mut ExpressionBinder<'_, '_>,
    name: &str,
    place: &Expr,
    bind: impl FnOnce(&mut ExpressionBinder<'_, '_>) -> Result<T>,
) -> Result<T> {
    let Some(aggregates) = binder.needs.forbid_aggregates() else {
        let message = format!(
            "the aggregate `{name}()` can only stand in WITH and RETURN, and not within another"
        );
        return Err(binder
            .invalid(message, place.span)
            .with_code("SyntaxError:InvalidAggregation"));
    };
    if !binder.lambdas.is_empty() {
        binder.needs.allow_aggregates(aggregates);
        let message = format!("the aggregate `{name}()` cannot stand within a comprehension");
        return Err(binder
            .invalid(message, place.span)
            .with_code("SyntaxError:InvalidAggregation"));
    }
    let bound = bind(binder);
    binder.needs.allow_aggregates(aggregates);
    bound
}

/// The argument of a built-in aggregate; `None` of `count(*)`.
fn aggregated(
    binder: &mut ExpressionBinder<'_, '_>,
    name: &str,
    call: &FunctionCall,
    place: &Expr,
) -> Result<Option<LogicalExpr>> {
    within_aggregate(binder, name, place, |binder| match &call.arguments[..] {
        _ if call.star && name == "count" => Ok(None),
        _ if call.star => Err(binder.invalid(MISPLACED_STAR, place.span)),
        [argument, ..] => bind_expression(binder, argument).map(Some),
        [] => Err(binder
            .invalid(format!("`{name}()` takes an argument"), place.span)
            .with_code("SyntaxError:InvalidNumberOfArguments")),
    })
}

/// A call of an aggregate of the user's.
pub(super) fn user_aggregate(
    binder: &mut ExpressionBinder<'_, '_>,
    function: AggregateRef,
    call: &FunctionCall,
    place: &Expr,
) -> Result<LogicalExpr> {
    let name = function.name().to_owned();
    if call.star {
        return Err(binder.invalid(MISPLACED_STAR, place.span));
    }
    check_count(binder, &name, function.arity(), call, place)?;
    let arguments = within_aggregate(binder, &name, place, |binder| {
        let arguments = call.arguments.iter();
        let bound = arguments.map(|argument| {
            let bound = bind_expression(binder, argument)?;
            user_argument(binder, bound, argument)
        });
        bound.collect::<Result<Vec<_>>>()
    })?;
    let types = arguments.iter().zip(&call.arguments);
    let types = types.map(|(bound, argument)| binder.type_of(bound, argument));
    let types = types.collect::<Result<Vec<_>>>()?;
    function
        .result_type(&types)
        .map_err(|error| error.with_location(binder.context.source.location(place.span)))?;
    let call = AggregateCall {
        function,
        distinct: is_distinct(call) && !arguments.is_empty(),
        arguments,
    };
    Ok(aggregate_column(binder, call))
}

/// An argument of a function of the user's, which sees the contents of entities.
pub(crate) fn user_argument(
    binder: &mut ExpressionBinder<'_, '_>,
    bound: LogicalExpr,
    place: &Expr,
) -> Result<LogicalExpr> {
    let ty = binder.type_of(&bound, place)?;
    Ok(with_contents(binder, bound, &ty))
}

/// A call of an aggregate: the column of its result, or a function of it where values are of any type.
pub(super) fn aggregate_call(
    binder: &mut ExpressionBinder<'_, '_>,
    function: AggregateFunction,
    call: &FunctionCall,
    place: &Expr,
) -> Result<LogicalExpr> {
    let name = function.name();
    if call.arguments.len() > 1 {
        let message = format!("`{name}()` takes 1 argument, not {}", call.arguments.len());
        return Err(binder
            .invalid(message, place.span)
            .with_code("SyntaxError:InvalidNumberOfArguments"));
    }
    let argument = aggregated(binder, name, call, place)?;
    let distinct = is_distinct(call);
    let Some(argument) = argument else {
        let call = AggregateCall::new(function, Vec::new());
        return Ok(aggregate_column(binder, call));
    };
    let ty = binder.type_of(&argument, &call.arguments[0])?;
    let numeric = matches!(function, AggregateFunction::Sum | AggregateFunction::Avg);
    if numeric && !ty.is_numeric() && !matches!(ty, Type::Null | Type::Any) {
        return Err(binder
            .invalid(format!("`{name}()` needs numbers, not {ty}"), place.span)
            .with_code("SyntaxError:InvalidArgumentType"));
    }
    if numeric && ty == Type::Any {
        let total = if function == AggregateFunction::Sum {
            &SUM_OF
        } else {
            &AVG_OF
        };
        let list = collect(binder, argument, &ty, distinct);
        return Ok(LogicalExpr::call(total, vec![list]));
    }
    if function == AggregateFunction::Collect {
        return Ok(collect(binder, argument, &ty, distinct));
    }
    // The greatest of different values is the greatest of all.
    let distinct = distinct && !matches!(function, AggregateFunction::Min | AggregateFunction::Max);
    let call = AggregateCall {
        function: function.into(),
        arguments: vec![argument],
        distinct,
    };
    Ok(aggregate_column(binder, call))
}

/// The list of the argument's values; different ones once where `distinct`.
fn collect(
    binder: &mut ExpressionBinder<'_, '_>,
    argument: LogicalExpr,
    ty: &Type,
    distinct: bool,
) -> LogicalExpr {
    // Values that are equal and yet differ are told apart by their keys, which the kernels do not see.
    let by_key = matches!(
        ty,
        Type::Any | Type::List(_) | Type::Map(_) | Type::Incidence | Type::Float64
    );
    let call = AggregateCall {
        function: AggregateFunction::Collect.into(),
        arguments: vec![argument],
        distinct: distinct && !by_key,
    };
    let list = aggregate_column(binder, call);
    if distinct && by_key {
        LogicalExpr::call(&DISTINCT_OF, vec![list])
    } else {
        list
    }
}

/// A call of an aggregate that is a function of the list of all values.
pub(super) fn list_aggregate(
    binder: &mut ExpressionBinder<'_, '_>,
    aggregate: &'static Function,
    function: &'static Function,
    call: &FunctionCall,
    place: &Expr,
) -> Result<LogicalExpr> {
    let name = aggregate.name;
    check_arity(binder, &aggregate.into(), call, place)?;
    let argument = aggregated(binder, name, call, place)?;
    let argument = argument.unwrap_or(LogicalExpr::Literal(Value::Null));
    let ty = binder.type_of(&argument, &call.arguments[0])?;
    if !ty.is_numeric() && !matches!(ty, Type::Null | Type::Any) {
        return Err(binder
            .invalid(format!("`{name}()` needs numbers, not {ty}"), place.span)
            .with_code("SyntaxError:InvalidArgumentType"));
    }
    let mut bound = vec![collect(binder, argument, &ty, is_distinct(call))];
    if let Some(at) = call.arguments.get(1) {
        bound.push(bind_expression(binder, at)?);
    }
    binder.typed(LogicalExpr::call(function, bound), place)
}

fn aggregate_column(binder: &mut ExpressionBinder<'_, '_>, call: AggregateCall) -> LogicalExpr {
    LogicalExpr::Column(binder.needs.aggregate_column(call, binder.notes))
}

fn is_distinct(call: &FunctionCall) -> bool {
    call.distinct.is_some()
}
