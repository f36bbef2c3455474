//! `labels`, `type`, `keys` and `properties`.

use std::collections::BTreeMap;

use grism_core::{Error, Result, Value};

use super::{OF_ENTITY, read, texts};
use crate::internal_name::internal_name;
use crate::{
    Accepts, Binding, Category, EntityFunction, Example, Failure, Function, Kernel, Parameter,
    Passes, Returns,
};

pub(super) const FUNCTIONS: &[&Function] = &[&LABELS, &TYPE, &KEYS, &PROPERTIES, &PROPERTY_MAP];

/// Labels of a node.
pub static LABELS: Function = Function {
    name: "labels",
    binding: Binding::Entity(EntityFunction::Labels),
    returns: Returns::TEXTS,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(labels),
    description: "The labels of a node; of a hyperedge its type.",
    examples: &[
        Example::new("MATCH (a {name: 'Ann'}) RETURN labels(a)", "['Person']"),
        Example::new("MATCH (m:MEETING) RETURN labels(m)", "['MEETING']"),
    ],
    ..OF_ENTITY
};

/// Type of a relationship or a hyperedge.
pub static TYPE: Function = Function {
    name: "type",
    binding: Binding::Entity(EntityFunction::Type),
    parameters: &[Parameter::new("relationship", Accepts::RELATIONSHIP)],
    returns: Returns::TEXT,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(type_name),
    description: "The type of a relationship or a hyperedge; of an incidence its role.",
    examples: &[
        Example::new("MATCH ()-[k:KNOWS]->() RETURN DISTINCT type(k)", "KNOWS"),
        Example::new(
            "MATCH (m:MEETING)-[r]->({name: 'Ann'}) RETURN type(m), type(r)",
            "MEETING | organizer",
        ),
    ],
    ..OF_ENTITY
};

/// Keys of the properties that are not null.
pub static KEYS: Function = Function {
    name: "keys",
    binding: Binding::Entity(EntityFunction::Keys),
    parameters: &[Parameter::new("value", Accepts::ENTITY_OR_MAP)],
    returns: Returns::TEXTS,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(|arguments| {
        Ok(match properties(arguments, &KEYS)? {
            None => Value::Null,
            Some(entries) => texts(entries.into_keys()),
        })
    }),
    description: "The keys of the properties of an entity, or of the entries of a map.",
    examples: &[
        Example::new(
            "MATCH (a:Person {name: 'Ann'}) RETURN keys(a)",
            "['age', 'name']",
        ),
        Example::new("keys({b: 1, a: null})", "['a', 'b']"),
    ],
    ..OF_ENTITY
};

/// Properties as a map.
pub static PROPERTIES: Function = Function {
    name: "properties",
    binding: Binding::Entity(EntityFunction::Properties),
    parameters: &[Parameter::new("value", Accepts::ENTITY_OR_MAP)],
    returns: Returns::ANYTHING,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| map_of(arguments, &PROPERTIES)),
    description: "The properties of an entity as a map; a map as it is.",
    examples: &[Example::new(
        "MATCH (b:Person {name: 'Bob'}) RETURN properties(b)",
        "{age: 31, name: 'Bob'}",
    )],
    ..OF_ENTITY
};

/// A value as the map of its properties: what SET takes.
pub static PROPERTY_MAP: Function = Function {
    name: internal_name!("propertyMap"),
    category: Category::Internal,
    parameters: &[Parameter::new("value", Accepts::ENTITY_OR_MAP)],
    returns: Returns::ANYTHING,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| map_of(arguments, &PROPERTY_MAP)),
    written_as: Some("a map of properties"),
    ..OF_ENTITY
};

fn labels(arguments: Vec<Value>) -> Result<Value> {
    Ok(match first(arguments) {
        Value::Null => Value::Null,
        Value::Node(node) => texts(read(node.contents)?.labels.into_iter()),
        Value::Hyperedge(hyperedge) => texts(std::iter::once(read(hyperedge.contents)?.type_name)),
        other => return Err(LABELS.mismatch(&other)),
    })
}

fn type_name(arguments: Vec<Value>) -> Result<Value> {
    Ok(match first(arguments) {
        Value::Null => Value::Null,
        Value::Hyperedge(hyperedge) => Value::String(read(hyperedge.contents)?.type_name),
        Value::Incidence(incidence) => Value::String(incidence.role),
        other => return Err(TYPE.mismatch(&other)),
    })
}

fn map_of(arguments: Vec<Value>, function: &Function) -> Result<Value> {
    Ok(properties(arguments, function)?.map_or(Value::Null, Value::Map))
}

/// The properties of an entity, or the entries of a map; `None` of null.
fn properties(
    arguments: Vec<Value>,
    function: &Function,
) -> Result<Option<BTreeMap<String, Value>>> {
    Ok(Some(match first(arguments) {
        Value::Null => return Ok(None),
        Value::Map(entries) => entries,
        Value::Node(node) => read(node.contents)?.properties,
        Value::Hyperedge(hyperedge) => read(hyperedge.contents)?.properties,
        // What is known of it belongs to its hyperedge.
        Value::Incidence(_) => BTreeMap::new(),
        other if function == &PROPERTY_MAP => {
            let found = other.type_name();
            let message = format!("properties are a map, not {found}");
            return Err(Error::invalid_query(message).with_code("TypeError:InvalidArgumentType"));
        }
        other => return Err(function.mismatch(&other)),
    }))
}

fn first(arguments: Vec<Value>) -> Value {
    arguments.into_iter().next().unwrap_or(Value::Null)
}
