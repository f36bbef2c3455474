//! Columns of entities whose type is known only at run time.

use grism_core::{GraphSchema, Result, Tables, Type, Value};
use grism_functions::ENTITY;
use grism_logical::{LogicalExpr, role_key};

use super::property::entity_column;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::expression::needs::Pending;
use crate::syntax::Span;

/// A column of the entity that a value of any type is, for a pattern that starts from it, and the column's type.
pub(crate) fn entity_of(
    binder: &mut ExpressionBinder<'_, '_>,
    expression: LogicalExpr,
) -> (String, Type) {
    let schema = binder.context.schema();
    let ty = schema.entity_type(any_entity_tables(schema));
    let name = binder.notes.fresh("entity");
    pend_entity(binder, vec![expression], &name, &ty);
    (name, ty)
}

/// A column of the edge that a value of any type is; null where it is an incidence.
pub(crate) fn edge_of(binder: &mut ExpressionBinder<'_, '_>, expression: LogicalExpr) -> String {
    let types = binder.context.schema().hyperedge_tables();
    let tables = types.map(|(table, _)| table.id).collect();
    let name = binder.notes.fresh("edge");
    let is_edge = LogicalExpr::Literal(Value::Bool(true));
    let arguments = vec![expression, is_edge];
    pend_entity(binder, arguments, &name, &Type::Hyperedge(tables));
    name
}

fn pend_entity(
    binder: &mut ExpressionBinder<'_, '_>,
    arguments: Vec<LogicalExpr>,
    name: &str,
    ty: &Type,
) {
    let entity = LogicalExpr::call(&ENTITY, arguments);
    let typed = entity.convert(&Type::Any, ty);
    binder.needs.pend(Pending::Column(typed.named(name)));
}

/// The tables of all nodes and of all hyperedges of declared types, binary edges among them.
pub(crate) fn any_entity_tables(schema: &GraphSchema) -> Tables {
    let declared = schema.hyperedge_tables().filter(|(_, ty)| ty.declared);
    let mut tables: Vec<_> = declared.map(|(table, _)| table.id).collect();
    tables.extend(schema.node_tables().map(|table| table.id));
    tables.sort_unstable();
    tables.into()
}

/// The member of a binary edge in its role `source` or `target`, read with the edge's properties.
pub(super) fn end_of(
    binder: &mut ExpressionBinder<'_, '_>,
    edge: LogicalExpr,
    role: &str,
    span: Span,
) -> Result<LogicalExpr> {
    let tables = binder.context.schema().entity_tables();
    let entity = entity_column(binder, edge, span)?;
    Ok(LogicalExpr::Property {
        entity,
        key: role_key(role),
        ty: binder.context.schema().entity_type(tables),
    })
}
