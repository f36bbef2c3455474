//! Values in terms of plain ones, for readers that know no entities.

use std::collections::BTreeMap;

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
            plain(as_map(value))
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

/// An entity, an incidence or a path as a map of its parts; any other value as it is.
pub(super) fn as_map(value: Value) -> Value {
    fn map<const PARTS: usize>(parts: [(&str, Value); PARTS]) -> Value {
        let named = parts.map(|(key, value)| (key.to_owned(), value));
        Value::Map(BTreeMap::from(named))
    }
    let id = |raw: u64| Value::Int64(raw as i64);
    match value {
        Value::Node(node) => {
            let contents = node.contents.unwrap_or_default();
            let labels = contents.labels.into_iter().map(Value::String).collect();
            map([
                ("id", id(node.id)),
                ("labels", Value::List(labels)),
                ("properties", Value::Map(contents.properties)),
            ])
        }
        Value::Hyperedge(hyperedge) => {
            let contents = hyperedge.contents.unwrap_or_default();
            map([
                ("id", id(hyperedge.id)),
                ("type", Value::String(contents.type_name)),
                ("properties", Value::Map(contents.properties)),
            ])
        }
        Value::Incidence(incidence) => map([
            ("hyperedge", id(incidence.hyperedge.id)),
            ("role", Value::String(incidence.role)),
            (
                "member",
                incidence.member.entity_id().map_or(Value::Null, id),
            ),
        ]),
        Value::Path(path) => map([
            ("nodes", Value::List(path.nodes)),
            ("relationships", Value::List(path.relationships)),
        ]),
        other => other,
    }
}
