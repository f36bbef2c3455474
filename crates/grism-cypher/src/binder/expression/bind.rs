//! Expressions: names become columns, properties and functions; everything is typed.

use grism_core::{Result, Type, with_stack};
use grism_logical::{BinaryOperator, LogicalExpr, NamedExpr};

use super::access::{bind_index, property_of};
use super::binder::ExpressionBinder;
use super::comprehension::{bind_list_comprehension, bind_pattern_comprehension, bind_quantified};
use super::function::bind_function;
use super::is_predicate::is_predicate;
use super::literal::literal;
use super::map_projection::bind_map_projection;
use super::odd_comparison::warn_of_comparison;
use super::operator::{chain, prefix};
use super::reduce::bind_reduce;
use super::subquery::{bind_subquery, pattern_predicate};
use crate::binder::names::{hint, unknown_variable};
use crate::syntax::{CaseExpression, Expr, ExprKind, Name};

/// An expression over the binder's input. What it needs besides is added to the binder's needs.
pub(crate) fn bind_expression(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: &Expr,
) -> Result<LogicalExpr> {
    with_stack(|| bind_parts(binder, expression))
}

fn bind_parts(binder: &mut ExpressionBinder<'_, '_>, expression: &Expr) -> Result<LogicalExpr> {
    let span = expression.span;
    match &expression.kind {
        ExprKind::Literal(text) => Ok(LogicalExpr::Literal(literal(
            binder.context.source,
            text,
            span,
            false,
        )?)),
        ExprKind::Variable(name) => variable(binder, name),
        ExprKind::Parameter(name) => match binder.context.bind.parameter(name) {
            Some(value) => Ok(value),
            None if binder.context.bind.tables.contains(name) => {
                Err(binder.unsupported(
                    format!(
                        "a table as the value of `${name}`; LOAD FROM ${name} AS row reads its rows, or load the table, or pass \
                         its rows as a list of maps"
                    ),
                    span,
                ))
            }
            None => {
                let hint = hint(
                    name,
                    binder.context.bind.parameters.keys().map(String::as_str),
                );
                Err(binder
                    .invalid(format!("the parameter `${name}` has no value{hint}"), span)
                    .with_code("ParameterMissing:MissingParameter"))
            }
        },
        ExprKind::Parenthesized(inner) => bind_expression(binder, inner),
        ExprKind::List(items) => {
            let items = items
                .iter()
                .map(|item| bind_expression(binder, item))
                .collect::<Result<Vec<_>>>()?;
            // A list of constants is a constant, so that a list of several types is refused in one place.
            let list = grism_logical::optimizer::fold_expression(LogicalExpr::List(items));
            binder.type_of(&list, expression)?;
            Ok(list)
        }
        ExprKind::Map(entries) => {
            let mut bound: Vec<NamedExpr> = Vec::new();
            for entry in entries {
                let key = entry.key.text.clone();
                if bound.iter().any(|own| own.name == key) {
                    return Err(
                        binder.invalid(format!("the key `{key}` stands twice"), entry.key.span)
                    );
                }
                bound.push(bind_expression(binder, &entry.value)?.named(key));
            }
            Ok(LogicalExpr::Map(bound))
        }
        ExprKind::Prefix { operator, operand } => prefix(binder, *operator, operand, expression),
        ExprKind::Chain { first, rest } => chain(binder, first, rest, expression),
        ExprKind::Is {
            operand,
            negated,
            predicate,
        } => is_predicate(binder, operand, *negated, predicate),
        ExprKind::Property { base, key } => property_of(binder, base, key),
        ExprKind::Index { base, index } => bind_index(binder, base, index, expression),
        ExprKind::Slice { base, lower, upper } => {
            let base = Box::new(bind_expression(binder, base)?);
            let lower = lower
                .as_deref()
                .map(|bound| bind_expression(binder, bound))
                .transpose()?
                .map(Box::new);
            let upper = upper
                .as_deref()
                .map(|bound| bind_expression(binder, bound))
                .transpose()?
                .map(Box::new);
            binder.typed(LogicalExpr::Slice { base, lower, upper }, expression)
        }
        ExprKind::Function(call) => bind_function(binder, call, expression),
        ExprKind::Case(case) => bind_case(binder, case, expression),
        ExprKind::Subquery(subquery) => bind_subquery(binder, subquery),
        ExprKind::Pattern(path) => pattern_predicate(binder, path),
        ExprKind::MapProjection(projection) => bind_map_projection(binder, projection),
        ExprKind::ListComprehension(comprehension) => {
            bind_list_comprehension(binder, comprehension, expression)
        }
        ExprKind::PatternComprehension(comprehension) => {
            bind_pattern_comprehension(binder, comprehension)
        }
        ExprKind::Reduce(reduce) => bind_reduce(binder, reduce, expression),
        ExprKind::Quantified(quantified) => bind_quantified(binder, quantified, expression),
    }
}

/// A variable: of an enclosing comprehension, an alias, or of the scope, in this order.
pub(super) fn variable(binder: &mut ExpressionBinder<'_, '_>, name: &Name) -> Result<LogicalExpr> {
    let text = name.text.as_str();
    if let Some(lambda) = binder.lambda(text) {
        return Ok(LogicalExpr::Column(lambda.column.clone()));
    }
    if let Some(alias) = binder.input.aliases.iter().find(|alias| alias.name == text) {
        return Ok(alias.expression.clone());
    }
    match binder.input.scope.find(text) {
        Some(variable) => Ok(LogicalExpr::Column(variable.column.clone())),
        None => {
            let known = binder
                .input
                .scope
                .names()
                .chain(binder.input.aliases.iter().map(|alias| alias.name.as_str()));
            Err(unknown_variable(
                binder.context.source,
                (text, name.span),
                known,
            ))
        }
    }
}

fn bind_case(
    binder: &mut ExpressionBinder<'_, '_>,
    case: &CaseExpression,
    place: &Expr,
) -> Result<LogicalExpr> {
    let operand = case
        .operand
        .as_deref()
        .map(|operand| bind_expression(binder, operand))
        .transpose()?;
    let mut branches = Vec::new();
    for alternative in &case.alternatives {
        let then = bind_expression(binder, &alternative.then)?;
        for when in &alternative.when {
            let bound = bind_expression(binder, when)?;
            let condition = match &operand {
                Some(operand) => {
                    let pair = (operand, &bound);
                    warn_of_comparison(binder, BinaryOperator::Equal, pair, when)?;
                    operand.clone().binary(BinaryOperator::Equal, bound)
                }
                None => bound,
            };
            branches.push((condition, then.clone()));
        }
    }
    let otherwise = case
        .otherwise
        .as_deref()
        .map(|other| bind_expression(binder, other))
        .transpose()?
        .map(Box::new);
    binder.typed(
        LogicalExpr::Case {
            branches,
            otherwise,
        },
        place,
    )
}

/// An expression that must be a boolean.
pub(crate) fn bind_predicate(
    binder: &mut ExpressionBinder<'_, '_>,
    predicate: &Expr,
) -> Result<LogicalExpr> {
    let bound = bind_expression(binder, predicate)?;
    match binder.type_of(&bound, predicate)? {
        Type::Bool | Type::Null | Type::Any => Ok(bound),
        other => Err(binder
            .invalid(
                format!("a predicate must be a boolean, not {other}"),
                predicate.span,
            )
            .with_code("SyntaxError:InvalidArgumentType")),
    }
}
