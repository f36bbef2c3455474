//! The lists that comprehensions range over, and the variable bound to their elements.

use grism_core::{Result, Type};
use grism_logical::LogicalExpr;

use super::bind::bind_expression;
use super::binder::{ExpressionBinder, Lambda};
use super::entity::with_deep_contents;
use super::needs::Mark;
use crate::syntax::{Expr, Name, Span};

/// The list an expression ranges over, and the type of its elements.
pub(super) fn list_of(
    binder: &mut ExpressionBinder<'_, '_>,
    list: &Expr,
) -> Result<(LogicalExpr, Type)> {
    let bound = bind_expression(binder, list)?;
    let item = match binder.type_of(&bound, list)? {
        Type::List(item) => *item,
        other @ (Type::Any | Type::Null) => other,
        other => {
            return Err(binder
                .invalid(format!("a list is needed, not {other}"), list.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
    };
    Ok((bound, item))
}

/// Binds what is evaluated for each element of `list`; where it asks for the contents of entities, the list is
/// read with them.
pub(super) fn with_lambda<T>(
    binder: &mut ExpressionBinder<'_, '_>,
    list: LogicalExpr,
    item: Type,
    variable: &Name,
    span: Span,
    body: &mut dyn FnMut(&mut ExpressionBinder<'_, '_>) -> Result<T>,
) -> Result<(LogicalExpr, String, T)> {
    let mark = binder.needs.mark(binder.notes);
    let (column, bound, depth) = within_lambda(binder, &item, variable, body)?;
    if depth == 0 || item == Type::Null {
        refuse_element_columns(binder, mark, &column, span)?;
        return Ok((list, column, bound));
    }
    binder.needs.rewind(mark, binder.notes);
    let ty = if item == Type::Any {
        Type::Any
    } else {
        item.list()
    };
    let list = with_deep_contents(binder, list, &ty, depth);
    let mark = binder.needs.mark(binder.notes);
    let (column, bound, _) = within_lambda(binder, &Type::Any, variable, body)?;
    refuse_element_columns(binder, mark, &column, span)?;
    Ok((list, column, bound))
}

fn within_lambda<T>(
    binder: &mut ExpressionBinder<'_, '_>,
    item: &Type,
    variable: &Name,
    body: &mut dyn FnMut(&mut ExpressionBinder<'_, '_>) -> Result<T>,
) -> Result<(String, T, u8)> {
    let column = binder.notes.fresh("element");
    binder.lambdas.push(Lambda {
        name: variable.text.clone(),
        column: column.clone(),
        ty: item.clone(),
        depth: 0,
        with_contents: None,
    });
    let depth = binder.lambdas.len();
    let bound = body(binder);
    let asked = binder
        .lambdas
        .get(depth - 1)
        .map_or(0, |lambda| lambda.depth);
    binder.lambdas.truncate(depth - 1);
    Ok((column, bound?, asked))
}

/// A column made below cannot depend on an element.
fn refuse_element_columns(
    binder: &ExpressionBinder<'_, '_>,
    mark: Mark,
    column: &str,
    span: Span,
) -> Result<()> {
    if binder.needs.is_read_since(mark, column) {
        return Err(binder.unsupported("this use of an element's entity", span));
    }
    Ok(())
}
