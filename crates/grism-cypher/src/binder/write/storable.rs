//! What a property can hold, as far as types tell before the query runs.

use grism_core::{Error, Result, Type};

use crate::source::Source;
use crate::syntax::{Expr, ExprKind};

/// Refuses a value that no property can hold.
pub(super) fn check_value(source: Source<'_>, ty: &Type, value: &Expr) -> Result<()> {
    if is_storable(ty) {
        Ok(())
    } else {
        Err(not_storable(source, ty, value))
    }
}

/// Refuses a map of properties in which a value stands that no property can hold.
pub(super) fn check_map(source: Source<'_>, ty: &Type, map: &Expr) -> Result<()> {
    let Type::Map(fields) = ty else {
        return Ok(());
    };
    let Some((key, field)) = fields.iter().find(|(_, ty)| !is_storable(ty)) else {
        return Ok(());
    };
    let place = match &map.kind {
        ExprKind::Map(entries) => entries.iter().find(|entry| &entry.key.text == key),
        _ => None,
    };
    Err(not_storable(
        source,
        field,
        place.map_or(map, |entry| &entry.value),
    ))
}

fn not_storable(source: Source<'_>, ty: &Type, place: &Expr) -> Error {
    source
        .invalid(format!("a property cannot hold {ty}"), place.span)
        .with_code("TypeError:InvalidPropertyType")
}

fn is_storable(ty: &Type) -> bool {
    match ty {
        Type::Map(_) | Type::Incidence | Type::Path => false,
        Type::List(item) => is_storable(item),
        ty => !ty.is_entity(),
    }
}
