//! Values in terms of plain ones, for readers that know no entities.

use grism_core::{Type, Value};

/// The value in terms of plain ones: entities and paths as maps, what Arrow has no type for as text.
#[must_use]
pub fn plain(value: Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(plain).collect()),
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(entries.map(|(key, item)| (key, plain(item))).collect())
        }
        Value::Node(_) | Value::Hyperedge(_) | Value::Incidence(_) | Value::Path(_) => {
            plain(value.into_parts())
        }
        Value::Time(_) | Value::Duration(_) => Value::String(value.to_string()),
        value @ (Value::DateTime(_) | Value::LocalDateTime(_) | Value::Date(_))
            if value.type_of() == Type::Any =>
        {
            Value::String(value.to_string())
        }
        other => other,
    }
}
