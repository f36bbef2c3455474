//! Properties of entities whose tables are known.

use grism_core::{GraphSchema, Result, Tables, Type, Value};
use grism_logical::{LogicalExpr, property_key};

use super::role_property::role_property;
use crate::binder::expression::binder::ExpressionBinder;
use crate::binder::expression::needs::Pending;
use crate::binder::names::hint;
use crate::syntax::{Name, Span};

/// The property `key` of the entity `base`.
pub(crate) fn property(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    tables: &Tables,
    key: &Name,
) -> Result<LogicalExpr> {
    let name = key.text.as_str();
    let known = property_type(binder.context.schema(), tables, name)?;
    let set_here = binder.input.set_properties.iter().any(|own| own == name);
    let Some(ty) = known.or(set_here.then_some(Type::Any)) else {
        let schema = binder.context.schema();
        let known = tables.iter().filter_map(|table| schema.table(*table).ok());
        let known = known.flat_map(|table| {
            table
                .properties
                .iter()
                .map(|property| property.name.as_str())
        });
        let hint = hint(name, known);
        // Over no tables at all the label was unknown, and that was said already.
        if !tables.is_empty() {
            let column = match &base {
                LogicalExpr::Column(column) => Some(column.as_str()),
                _ => None,
            };
            let message = role_property(schema, tables, column, name).unwrap_or_else(|| {
                format!("there is no property `{name}` here, so it is null{hint}")
            });
            binder.warn(message, key.span);
        }
        return Ok(LogicalExpr::Literal(Value::Null));
    };
    let entity = entity_column(binder, base, key.span)?;
    Ok(LogicalExpr::Property {
        entity,
        key: property_key(name).into_owned(),
        ty,
    })
}

/// The type of the property in queries; `None` where no table has it.
pub(in crate::binder::expression) fn property_type(
    schema: &GraphSchema,
    tables: &Tables,
    key: &str,
) -> Result<Option<Type>> {
    let mut found: Option<Type> = None;
    for table in tables.iter() {
        let Some(property) = schema.table(*table)?.property(key) else {
            continue;
        };
        found = Some(match found {
            None => property.value_type.in_queries(),
            Some(ty) => ty.unify(&property.value_type.in_queries()),
        });
    }
    Ok(found)
}

/// The column of an entity; one is made for an entity that is computed.
pub(super) fn entity_column(
    binder: &mut ExpressionBinder<'_, '_>,
    base: LogicalExpr,
    span: Span,
) -> Result<String> {
    if let LogicalExpr::Column(name) = &base
        && !binder.reads_lambda(&base)
    {
        return Ok(name.clone());
    }
    if binder.reads_lambda(&base) {
        return Err(binder.unsupported("this use of an element's entity", span));
    }
    let name = binder.notes.fresh("entity");
    binder.needs.pend(Pending::Column(base.named(&name)));
    Ok(name)
}
