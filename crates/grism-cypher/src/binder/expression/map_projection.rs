//! Map projections: a map out of properties, variables and expressions.

use crate::syntax::{MapProjection, MapProjectionItem};
use grism_core::{Result, Type};
use grism_functions::{MERGE, PROPERTIES};
use grism_logical::{LogicalExpr, NamedExpr, UnaryOperator};

use super::access::property_of_bound;
use super::bind::{bind_expression, variable};
use super::binder::ExpressionBinder;
use super::entity::dynamic_function;

/// `base {.key, .*, variable, key: expression}`.
pub(super) fn bind_map_projection(
    binder: &mut ExpressionBinder<'_, '_>,
    projection: &MapProjection,
) -> Result<LogicalExpr> {
    let base = bind_expression(binder, &projection.base)?;
    let ty = binder.type_of(&base, &projection.base)?;
    let mut all = false;
    let mut entries: Vec<NamedExpr> = Vec::new();
    let put = |entries: &mut Vec<NamedExpr>, key: &str, value: LogicalExpr| match entries
        .iter_mut()
        .find(|own| own.name == key)
    {
        Some(own) => own.expression = value,
        None => entries.push(value.named(key)),
    };
    for item in &projection.items {
        match item {
            MapProjectionItem::Property(key) => {
                let value = property_of_bound(binder, base.clone(), &ty, key)?;
                put(&mut entries, &key.text, value);
            }
            MapProjectionItem::Variable(name) => {
                let value = variable(binder, name)?;
                put(&mut entries, &name.text, value);
            }
            MapProjectionItem::Entry(entry) => {
                let value = bind_expression(binder, &entry.value)?;
                put(&mut entries, &entry.key.text, value);
            }
            MapProjectionItem::AllProperties => all = true,
        }
    }
    let map = LogicalExpr::Map(entries);
    let map = match all {
        false => map,
        true => {
            let properties = match &ty {
                Type::Map(_) => LogicalExpr::call(&PROPERTIES, vec![base.clone()]),
                _ => dynamic_function(binder, &PROPERTIES, base.clone(), &ty, Vec::new()),
            };
            LogicalExpr::call(&MERGE, vec![properties, map])
        }
    };
    // What is projected of null is null.
    Ok(LogicalExpr::Case {
        branches: vec![(base.unary(UnaryOperator::IsNotNull), map)],
        otherwise: None,
    })
}
