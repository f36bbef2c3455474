//! Functions of an entity whose answer depends on its table.

use std::collections::BTreeMap;

use grism_core::{Error, Result, SOURCE_ROLE, TARGET_ROLE, Table, Type, Value};
use grism_functions::{EntityFunction, Function};
use grism_logical::{LogicalExpr, UnaryOperator};

use super::column::end_of;
use super::contents::dynamic_function;
use super::label_test::labels_of;
use super::lookup::table_lookup;
use super::role_function::role_function;
use crate::binder::expression::binder::ExpressionBinder;
use crate::syntax::Span;

/// A call of a function of an entity.
pub(in crate::binder::expression) struct EntityCall<'c> {
    pub(in crate::binder::expression) function: &'static Function,
    /// Which function it is.
    pub(in crate::binder::expression) kind: EntityFunction,
    /// The type of the argument.
    pub(in crate::binder::expression) ty: &'c Type,
    /// The role that is asked for; `None` for all.
    pub(in crate::binder::expression) role: Option<&'c str>,
    pub(in crate::binder::expression) span: Span,
}

impl EntityCall<'_> {
    fn wrong(&self, binder: &ExpressionBinder<'_, '_>, wanted: &str) -> Error {
        let (name, ty) = (self.function.name, self.ty);
        binder
            .invalid(format!("`{name}()` needs {wanted}, not {ty}"), self.span)
            .with_code("SyntaxError:InvalidArgumentType")
    }

    /// The call as one whose answer is known only at run time.
    fn dynamic(&self, binder: &mut ExpressionBinder<'_, '_>, base: LogicalExpr) -> LogicalExpr {
        let role = self.role.map(|role| Value::String(role.to_owned()));
        let rest = role.map(LogicalExpr::Literal).into_iter().collect();
        dynamic_function(binder, self.function, base, self.ty, rest)
    }
}

/// A function of the entity `base`.
pub(in crate::binder::expression) fn entity_function(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    call: &EntityCall<'_>,
) -> Result<LogicalExpr> {
    if call.ty == &Type::Any || binder.reads_lambda(&base) {
        return Ok(call.dynamic(binder, base));
    }
    if call.ty == &Type::Null {
        return Ok(LogicalExpr::Literal(Value::Null));
    }
    match call.kind {
        EntityFunction::Type => type_name(binder, base, call),
        EntityFunction::Labels => match call.ty {
            ty if ty.is_entity() => {
                let tables = ty.tables().cloned().unwrap_or_default();
                labels_of(binder, base, &tables, call.span)
            }
            _ => Err(call.wrong(binder, "a node")),
        },
        EntityFunction::Keys | EntityFunction::Properties => match call.ty {
            ty if ty.is_entity() => Ok(call.dynamic(binder, base)),
            Type::Map(_) => Ok(LogicalExpr::call(call.function, vec![base])),
            // What is known of an incidence belongs to its hyperedge.
            Type::Incidence => Ok(constant_unless_null(
                base,
                match call.kind {
                    EntityFunction::Keys => Value::List(Vec::new()),
                    _ => Value::Map(BTreeMap::new()),
                },
            )),
            _ => Err(call.wrong(binder, "a node, a hyperedge or a map")),
        },
        EntityFunction::Kind => kind(binder, base, call),
        EntityFunction::Position => match call.ty {
            Type::Incidence => Ok(incidence_part(base, "position")),
            // A binary edge binds no role more than once.
            Type::Hyperedge(_) => Ok(LogicalExpr::Literal(Value::Null)),
            _ => Err(call.wrong(binder, "an incidence")),
        },
        EntityFunction::StartNode | EntityFunction::EndNode => end(binder, base, call),
        _ => members(binder, base, call),
    }
}

/// `type`: the type of a hyperedge, or the role of an incidence.
fn type_name(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    call: &EntityCall<'_>,
) -> Result<LogicalExpr> {
    match call.ty {
        Type::Incidence => Ok(incidence_part(base, "role")),
        Type::Hyperedge(tables) => {
            let schema = binder.context.schema();
            table_lookup(schema, base, tables, Type::String, |table| {
                Value::String(table.display_name())
            })
        }
        // What is a node among them has no type, which shows itself when the query runs.
        Type::Entity { .. } => Ok(call.dynamic(binder, base)),
        _ => Err(call.wrong(binder, "a relationship or a hyperedge")),
    }
}

/// `kind`: whether a node, a hyperedge or an incidence.
fn kind(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    call: &EntityCall<'_>,
) -> Result<LogicalExpr> {
    match call.ty {
        Type::Incidence => Ok(constant_unless_null(
            base,
            Value::String("incidence".to_owned()),
        )),
        ty if ty.is_entity() => {
            let tables = ty.tables().cloned().unwrap_or_default();
            let schema = binder.context.schema();
            table_lookup(schema, base, &tables, Type::String, |table| {
                let is_hyperedge = table.hyperedge_type().is_some();
                let kind = if is_hyperedge { "hyperedge" } else { "node" };
                Value::String(kind.to_owned())
            })
        }
        _ => Err(call.wrong(binder, "a node, a relationship or a hyperedge")),
    }
}

/// `startNode` and `endNode`: the member in a role of a binary edge, or an end of an incidence.
fn end(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    call: &EntityCall<'_>,
) -> Result<LogicalExpr> {
    match call.ty {
        Type::Hyperedge(tables) => {
            let schema = binder.context.schema();
            let binary = tables.iter().all(|table| {
                let ty = schema.table(*table).ok().and_then(Table::hyperedge_type);
                ty.is_some_and(|ty| ty.is_binary())
            });
            if !binary {
                return Err(call.wrong(binder, "a binary edge"));
            }
            let role = match call.kind {
                EntityFunction::StartNode => SOURCE_ROLE,
                _ => TARGET_ROLE,
            };
            end_of(binder, base, role, call.span)
        }
        Type::Incidence => {
            let base = base.convert(call.ty, &Type::Any);
            Ok(LogicalExpr::call(call.function, vec![base]))
        }
        _ => Err(call.wrong(binder, "a relationship")),
    }
}

/// `roles`, `members` and `arity`.
fn members(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    call: &EntityCall<'_>,
) -> Result<LogicalExpr> {
    match call.ty {
        // A node binds no members.
        Type::Node(_) => Ok(match call.kind {
            EntityFunction::Arity => constant_unless_null(base, Value::Int64(0)),
            _ => constant_unless_null(base, Value::List(Vec::new())),
        }),
        Type::Entity { .. } => Ok(call.dynamic(binder, base)),
        Type::Hyperedge(tables) => {
            let value = role_function(
                binder,
                (call.function, call.kind),
                base.clone(),
                tables,
                call.role,
                call.span,
            )?;
            Ok(unless_null(base, value))
        }
        _ => Err(call.wrong(binder, "a hyperedge")),
    }
}

/// A field of an incidence: its `hyperedge`, `role`, `position` or `member`.
pub(in crate::binder::expression) fn incidence_part(
    incidence: LogicalExpr,
    key: &str,
) -> LogicalExpr {
    LogicalExpr::Field {
        base: Box::new(incidence),
        key: key.to_owned(),
    }
}

fn constant_unless_null(entity: LogicalExpr, value: Value) -> LogicalExpr {
    unless_null(entity, LogicalExpr::Literal(value))
}

/// `value`, but null where the entity is: what an OPTIONAL MATCH did not find has no properties and no roles.
fn unless_null(entity: LogicalExpr, value: LogicalExpr) -> LogicalExpr {
    LogicalExpr::Case {
        branches: vec![(entity.unary(UnaryOperator::IsNotNull), value)],
        otherwise: None,
    }
}
