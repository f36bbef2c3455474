//! Access to a part of a value: `base.key` and `base[index]`.

use std::sync::Arc;

use grism_core::{Result, Type, Value};
use grism_logical::{LogicalExpr, ScalarFunction};

use super::Binder;
use crate::syntax::{Expr, Name};

impl Binder<'_> {
    pub(super) fn property_of(&mut self, base: &Expr, key: &Name) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        let ty = self.type_of(&bound, base)?;
        self.property_of_bound(bound, &ty, key)
    }

    pub(super) fn property_of_bound(
        &mut self,
        bound: LogicalExpr,
        ty: &Type,
        key: &Name,
    ) -> Result<LogicalExpr> {
        let text = || LogicalExpr::Literal(Value::String(key.text.clone()));
        match ty {
            ty if ty.is_entity() && self.reads_lambda(&bound) => {
                Ok(self.dynamic_property(bound, ty, text()))
            }
            Type::Node(tables) | Type::Hyperedge(tables) | Type::Entity { tables, .. } => {
                let tables = Arc::clone(tables);
                self.property(bound, &tables, key)
            }
            Type::Map(_) => Ok(LogicalExpr::Field {
                base: Box::new(bound),
                key: key.text.clone(),
            }),
            Type::Null => Ok(LogicalExpr::Literal(Value::Null)),
            Type::Any => Ok(self.dynamic_property(bound, ty, text())),
            Type::Incidence => {
                let message = format!(
                    "an incidence has no properties; `{}` belongs to the hyperedge",
                    key.text
                );
                Err(self.source.invalid(message, key.span))
            }
            Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime => {
                Ok(LogicalExpr::call(
                    ScalarFunction::Get,
                    vec![bound.convert(ty, &Type::Any), text()],
                ))
            }
            other => {
                let message = format!(
                    "`.{}` needs a node, a hyperedge or a map, not {other}",
                    key.text
                );
                let code = match other {
                    Type::Path => "SyntaxError:InvalidArgumentType",
                    _ => "TypeError:InvalidArgumentType",
                };
                Err(self.source.invalid(message, key.span).with_code(code))
            }
        }
    }

    pub(super) fn index(&mut self, base: &Expr, index: &Expr, place: &Expr) -> Result<LogicalExpr> {
        let bound = self.expression(base)?;
        let position = self.expression(index)?;
        let ty = self.type_of(&bound, base)?;
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
                self.property_of_bound(bound, ty, &name)
            }
            (ty, _) if ty.is_entity() => {
                let key_type = self.type_of(&position, index)?;
                if !matches!(key_type, Type::String | Type::Any | Type::Null) {
                    return Err(self
                        .source
                        .invalid("a property is named by text", index.span)
                        .with_code("SyntaxError:InvalidArgumentType"));
                }
                let base = self.with_contents(bound, ty);
                self.typed(
                    LogicalExpr::Index {
                        base: Box::new(base),
                        index: Box::new(position),
                    },
                    place,
                )
            }
            (Type::Any, _) => {
                // A key may name a property; a position of a list asks for no contents.
                let key_type = self.type_of(&position, index)?;
                let base = if key_type == Type::Int64 {
                    bound
                } else {
                    self.with_contents(bound, &ty)
                };
                self.typed(
                    LogicalExpr::Index {
                        base: Box::new(base),
                        index: Box::new(position),
                    },
                    place,
                )
            }
            _ => self.typed(
                LogicalExpr::Index {
                    base: Box::new(bound),
                    index: Box::new(position),
                },
                place,
            ),
        }
    }
}
