//! Cells as values, with entities as such, and as text.

use std::collections::BTreeMap;

use arrow::array::Array;
use arrow::datatypes::Field;
use grism::{
    ENTITY_METADATA, HyperedgeContents, HyperedgeValue, NodeContents, NodeValue, Result, Value,
};

/// The value of a cell.
pub(super) fn value_of(field: &Field, column: &dyn Array, row: usize) -> Result<Value> {
    let value = Value::from_array(column, row)?;
    let Some(kind) = field.metadata().get(ENTITY_METADATA) else {
        return Ok(value);
    };
    let Value::Map(mut parts) = value else {
        return Ok(value);
    };
    let id = match parts.remove("id") {
        Some(Value::Int64(id)) => id as u64,
        _ => 0,
    };
    let properties: BTreeMap<String, Value> = match parts.remove("properties") {
        // Of a table's columns, those that the entity has.
        Some(Value::Map(all)) => all
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        _ => BTreeMap::new(),
    };
    let texts = |value: Option<Value>| match value {
        Some(Value::List(items)) => items,
        Some(item) => vec![item],
        None => Vec::new(),
    };
    let named = if kind == "node" { "labels" } else { "type" };
    let mut names = texts(parts.remove(named))
        .into_iter()
        .filter_map(|name| match name {
            Value::String(name) => Some(name),
            _ => None,
        });
    Ok(if kind == "node" {
        let contents = NodeContents {
            labels: names.collect(),
            properties,
        };
        Value::Node(Box::new(NodeValue {
            id,
            contents: Some(contents),
        }))
    } else {
        let contents = HyperedgeContents {
            type_name: names.next().unwrap_or_default(),
            members: Vec::new(),
            properties,
        };
        Value::Hyperedge(Box::new(HyperedgeValue {
            id,
            contents: Some(contents),
        }))
    })
}

/// The value as a reader of a table sees it: as Cypher writes it, but a text without quotes.
pub(super) fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
