//! Entities as values of a result.

use grism_core::{Result, Tables, Type};
use grism_functions::{EntityFunction, ID, TYPE};
use grism_logical::{LogicalExpr, UnaryOperator, property_key};

use super::contents::with_contents;
use super::function::{EntityCall, entity_function};
use super::label_test::shown_labels;
use super::property::{entity_column, property_type};
use crate::binder::expression::binder::ExpressionBinder;
use crate::syntax::Span;

/// All properties of the tables, by name; one that an entity does not have is null.
fn properties_map(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    span: Span,
) -> Result<LogicalExpr> {
    let schema = binder.context.schema();
    let entity = entity_column(binder, base, span)?;
    let mut properties: Vec<(String, Type)> = Vec::new();
    for table in tables.iter() {
        for property in &schema.table(*table)?.properties {
            if !properties.iter().any(|(name, _)| name == &property.name) {
                let ty = property_type(schema, tables, &property.name)?.unwrap_or(Type::Null);
                properties.push((property.name.clone(), ty));
            }
        }
    }
    let entries = properties.into_iter().map(|(name, ty)| {
        let property = LogicalExpr::Property {
            entity: entity.clone(),
            key: property_key(&name).into_owned(),
            ty,
        };
        property.named(name)
    });
    Ok(LogicalExpr::Map(entries.collect()))
}

/// An entity as a value of a result: a struct of id, labels or type, and properties.
pub(crate) fn materialized(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    ty: &Type,
    span: Span,
) -> Result<LogicalExpr> {
    match ty {
        Type::Node(tables) | Type::Hyperedge(tables) => {
            let id = LogicalExpr::call(&ID, vec![base.clone()]);
            let (key, name) = match ty {
                Type::Node(_) => ("labels", shown_labels(binder, base.clone(), tables, span)?),
                _ => {
                    let call = EntityCall {
                        function: &TYPE,
                        kind: EntityFunction::Type,
                        ty,
                        role: None,
                        span,
                    };
                    ("type", entity_function(binder, base.clone(), &call)?)
                }
            };
            let properties = properties_map(binder, base.clone(), tables, span)?;
            let map = LogicalExpr::Map(vec![
                id.named("id"),
                name.named(key),
                properties.named("properties"),
            ]);
            // An entity that an OPTIONAL MATCH did not find is null, not a map of nulls.
            let branches = vec![(base.unary(UnaryOperator::IsNotNull), map)];
            Ok(LogicalExpr::Case {
                branches,
                otherwise: None,
            })
        }
        ty if ty.may_hold_entity() => Ok(with_contents(binder, base, ty)),
        _ => Ok(base),
    }
}
