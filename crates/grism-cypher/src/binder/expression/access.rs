//! Access to a part of a value: `base.key` and `base[index]`.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_functions::GET;
use grism_logical::LogicalExpr;

use super::bind::bind_expression;
use super::binder::ExpressionBinder;
use super::entity::{dynamic_property, property, property_type, with_contents};
use crate::syntax::{Expr, Name};

/// `base.key` of an expression.
pub(super) fn property_of(
    binder: &mut ExpressionBinder<'_, '_>,
    base: &Expr,
    key: &Name,
) -> Result<LogicalExpr> {
    let bound = bind_expression(binder, base)?;
    let ty = binder.type_of(&bound, base)?;
    property_of_bound(binder, bound, &ty, key)
}

/// `bound.key`, where `ty` is the type of `bound`: a property of an entity, an entry of a map, or a part of a
/// temporal value.
pub(crate) fn property_of_bound(
    binder: &mut ExpressionBinder<'_, '_>,
    bound: LogicalExpr,
    ty: &Type,
    key: &Name,
) -> Result<LogicalExpr> {
    let text = || LogicalExpr::Literal(Value::String(key.text.clone()));
    match ty {
        ty if ty.is_entity() && binder.reads_lambda(&bound) => {
            Ok(dynamic_property(binder, bound, ty, text()))
        }
        Type::Node(tables) | Type::Hyperedge(tables) | Type::Entity { tables, .. } => {
            // Of what is deleted nothing can be read, not even that a property is null.
            if binder.may_be_deleted(&bound)
                && property_type(binder.context.schema(), tables, &key.text)?.is_none()
            {
                return Ok(dynamic_property(binder, bound, ty, text()));
            }
            let tables = Arc::clone(tables);
            property(binder, bound, &tables, key)
        }
        Type::Map(_) => Ok(LogicalExpr::Field {
            base: Box::new(bound),
            key: key.text.clone(),
        }),
        Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
        Type::Any => Ok(dynamic_property(binder, bound, ty, text())),
        Type::Incidence => {
            let message = format!(
                "an incidence has no properties; `{}` belongs to the hyperedge",
                key.text
            );
            if binder.context.by_kind {
                binder.warn(message, key.span);
                return Ok(LogicalExpr::Literal(Value::Null));
            }
            Err(binder.invalid(message, key.span))
        }
        Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime => Ok(
            LogicalExpr::call(&GET, vec![bound.convert(ty, &Type::Any), text()]),
        ),
        other => {
            let message = format!(
                "`.{}` needs a node, a hyperedge or a map, not {other}",
                key.text
            );
            let code = match other {
                Type::Path => "SyntaxError:InvalidArgumentType",
                _ => "TypeError:InvalidArgumentType",
            };
            Err(binder.invalid(message, key.span).with_code(code))
        }
    }
}

/// `base[index]`: an element of a list, or what is called by a text.
pub(super) fn bind_index(
    binder: &mut ExpressionBinder<'_, '_>,
    base: &Expr,
    index: &Expr,
    place: &Expr,
) -> Result<LogicalExpr> {
    let bound = bind_expression(binder, base)?;
    let position = bind_expression(binder, index)?;
    let ty = binder.type_of(&bound, base)?;
    if matches!(ty, Type::Bool | Type::Int64 | Type::Float64 | Type::String)
        && matches!(bound, LogicalExpr::Column(_))
    {
        // What a value of a variable is good for shows itself when the query runs.
        let base = Box::new(bound.convert(&ty, &Type::Any));
        let index = Box::new(position);
        return Ok(LogicalExpr::Index { base, index });
    }
    match (&ty, &position) {
        (Type::Map(_), LogicalExpr::Literal(Value::String(key))) => Ok(LogicalExpr::Field {
            base: Box::new(bound),
            key: key.clone(),
        }),
        (ty, LogicalExpr::Literal(Value::String(key))) if ty.is_entity() => {
            let name = Name {
                text: key.clone(),
                span: index.span,
            };
            property_of_bound(binder, bound, ty, &name)
        }
        (ty, _) if ty.is_entity() => {
            let key_type = binder.type_of(&position, index)?;
            if !matches!(key_type, Type::String | Type::Any | Type::Null) {
                return Err(binder
                    .invalid("a property is named by text", index.span)
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
            let base = with_contents(binder, bound, ty);
            binder.typed(
                LogicalExpr::Index {
                    base: Box::new(base),
                    index: Box::new(position),
                },
                place,
            )
        }
        (Type::Any, _) => {
            // A key may name a property; a position of a list asks for no contents.
            let key_type = binder.type_of(&position, index)?;
            let base = if key_type == Type::Int64 {
                bound
            } else {
                with_contents(binder, bound, &ty)
            };
            binder.typed(
                LogicalExpr::Index {
                    base: Box::new(base),
                    index: Box::new(position),
                },
                place,
            )
        }
        _ => binder.typed(
            LogicalExpr::Index {
                base: Box::new(bound),
                index: Box::new(position),
            },
            place,
        ),
    }
}
