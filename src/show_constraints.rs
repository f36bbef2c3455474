//! `SHOW CONSTRAINTS`.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use grism_core::{Constraint, EntityKind, Result, Type, Value};

/// The constraints, in the order they were made.
pub(crate) fn columns(constraints: &[Constraint]) -> Result<Vec<(&'static str, ArrayRef)>> {
    let texts = |pick: fn(&Constraint) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(constraints.iter().map(pick)))
    };
    let properties: Vec<Value> = constraints
        .iter()
        .map(|own| Value::List(own.properties.iter().cloned().map(Value::String).collect()))
        .collect();
    Ok(vec![
        ("name", texts(|own| own.name.clone())),
        ("kind", texts(|own| own.rule.to_string())),
        ("entity", texts(|own| entity(own.entity).to_owned())),
        ("owner", texts(|own| own.label.clone())),
        (
            "properties",
            Value::column(&properties, &Type::String.list().to_arrow())?,
        ),
    ])
}

const fn entity(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Node => "node",
        EntityKind::Hyperedge => "hyperedge",
    }
}
