//! `roles`, `members` and `arity` of a hyperedge.

use grism_core::{Cardinality, Error, GraphSchema, Result, Role, Tables, Type, Value};
use grism_functions::{EntityFunction, Function};
use grism_logical::{ArithmeticOperator, BinaryOperator, LogicalExpr, UnaryOperator, role_key};

use super::contents::dynamic_function;
use super::lookup::size_of;
use super::property::entity_column;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::names::hint;
use crate::syntax::Span;

/// `roles`, `members` and `arity`, over the role columns of the hyperedge.
pub(super) fn role_function(
    binder: &mut ExpressionBinder<'_, '_>,
    call: (&'static Function, EntityFunction),
    base: LogicalExpr,
    tables: &Tables,
    only: Option<&str>,
    span: Span,
) -> Result<LogicalExpr> {
    let schema = binder.context.schema();
    let [table] = tables[..] else {
        // Which roles there are is known only row by row.
        let types = tables.iter().filter_map(|table| {
            let table = schema.table(*table).ok()?;
            table.hyperedge_type()
        });
        let roles: Vec<&str> = types
            .flat_map(|ty| ty.roles.iter().map(|role| role.name.as_str()))
            .collect();
        if let Some(only) = only.filter(|only| !roles.is_empty() && !roles.contains(only)) {
            let hint = hint(only, roles);
            return Err(binder.invalid(format!("no type here has a role `{only}`{hint}"), span));
        }
        let rest = only.map(|only| LogicalExpr::Literal(Value::String(only.to_owned())));
        let ty = Type::Hyperedge(tables.clone());
        return Ok(dynamic_function(
            binder,
            call.0,
            base,
            &ty,
            rest.into_iter().collect(),
        ));
    };
    let hyperedge_type = schema
        .table(table)?
        .hyperedge_type()
        .ok_or_else(|| Error::internal("a hyperedge table"))?;
    if let Some(only) = only.filter(|only| hyperedge_type.role(only).is_none()) {
        let hint = hint(
            only,
            hyperedge_type.roles.iter().map(|role| role.name.as_str()),
        );
        return Err(binder.invalid(
            format!("`{}` has no role `{only}`{hint}", hyperedge_type.name),
            span,
        ));
    }
    let entity = entity_column(binder, base, span)?;
    let roles = hyperedge_type.roles.iter();
    roles
        .filter(|role| only.is_none_or(|only| only == role.name))
        .map(|role| role_part(schema, call.1, &entity, role))
        .reduce(|a, b| a.arithmetic(ArithmeticOperator::Add, b))
        .ok_or_else(|| Error::internal("a type without roles"))
}

/// What one role adds to the answer of the function.
fn role_part(
    schema: &GraphSchema,
    function: EntityFunction,
    entity: &str,
    role: &Role,
) -> LogicalExpr {
    let member = schema.entity_type(schema.member_tables(role));
    let many = role.cardinality == Cardinality::Many;
    let ty = if many { member.list() } else { member };
    let column = LogicalExpr::Property {
        entity: entity.to_owned(),
        key: role_key(&role.name),
        ty,
    };
    let is_bound = if many {
        size_of(column.clone()).binary(
            BinaryOperator::Greater,
            LogicalExpr::Literal(Value::Int64(0)),
        )
    } else {
        column.clone().unary(UnaryOperator::IsNotNull)
    };
    let (zero, one) = (Value::Int64(0), Value::Int64(1));
    let empty = Value::List(Vec::new());
    let (value, none) = match function {
        EntityFunction::Roles => {
            let names = Value::List(vec![Value::String(role.name.clone())]);
            (LogicalExpr::Literal(names), empty)
        }
        EntityFunction::Arity if many => (size_of(column), zero),
        EntityFunction::Arity => (LogicalExpr::Literal(one), zero),
        _ if many => (column, empty),
        _ => (LogicalExpr::List(vec![column]), empty),
    };
    LogicalExpr::Case {
        branches: vec![(is_bound, value)],
        otherwise: Some(Box::new(LogicalExpr::Literal(none))),
    }
}
