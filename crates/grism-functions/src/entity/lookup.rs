//! What is looked up in a value: properties and labels of entities, entries of maps, components of temporal values.

use std::collections::BTreeMap;

use grism_core::{Error, Result, Value};

use super::read;
use crate::call::first_and_second;
use crate::internal_name::internal_name;
use crate::{Accepts, Function, Kernel, Parameter, Passes, Returns, component};

pub(super) const FUNCTIONS: &[&Function] = &[&GET, &HAS_LABELS];

/// A property of a node, a hyperedge or a map, or a component of a temporal value, known at run time.
pub static GET: Function = Function {
    name: internal_name!("get"),
    parameters: &[
        Parameter::new("base", Accepts::ANYTHING),
        Parameter::new("key", Accepts::ANYTHING),
    ],
    returns: Returns::ANYTHING,
    passes: Passes::First,
    // A base that rows share is read once.
    kernel: Kernel::Compiled,
    written_as: Some("`.`"),
    ..Function::BASE
};

/// Whether a node has all labels of a list, or a hyperedge one of the types, known at run time.
pub static HAS_LABELS: Function = Function {
    name: internal_name!("hasLabels"),
    parameters: &[
        Parameter::new("entity", Accepts::ANYTHING),
        Parameter::new("labels", Accepts::ANYTHING),
    ],
    returns: Returns::BOOLEAN,
    kernel: Kernel::Values(|arguments| match first_and_second(arguments) {
        (Value::Null, _) => Ok(Value::Null),
        (base, labels) => has_labels(&base, labels.as_ref()),
    }),
    written_as: Some("a label test"),
    ..Function::BASE
};

/// A property, an entry of a map, or a component of a temporal value.
///
/// # Errors
/// `InvalidQuery` for a value that has none.
pub fn get(base: &Value, key: &str) -> Result<Value> {
    let found =
        |entries: &BTreeMap<String, Value>| entries.get(key).cloned().unwrap_or(Value::Null);
    Ok(match base {
        Value::Map(entries) => found(entries),
        Value::Node(node) => found(&read(node.contents.as_ref())?.properties),
        Value::Hyperedge(hyperedge) => found(&read(hyperedge.contents.as_ref())?.properties),
        Value::Incidence(_) => Value::Null,
        temporal => match component(temporal, key)? {
            Some(value) => value,
            None => {
                return Err(Error::invalid_query(format!(
                    "`.{key}` needs a node, a hyperedge or a map, not {}",
                    base.type_name()
                ))
                .with_code("TypeError:InvalidArgumentType"));
            }
        },
    })
}

/// Whether an entity or a relationship has all of the labels: those of a node, the type of a hyperedge, the role of an
/// incidence. Where no labels are listed, whether it has any.
fn has_labels(base: &Value, labels: Option<&Value>) -> Result<Value> {
    let Some(Value::List(labels)) = labels else {
        return Ok(Value::Null);
    };
    let mut wanted = labels.iter().filter_map(|label| match label {
        Value::String(label) => Some(label),
        _ => None,
    });
    Ok(Value::Bool(match base {
        Value::Node(node) => {
            let own = &read(node.contents.as_ref())?.labels;
            match labels.is_empty() {
                true => !own.is_empty(),
                false => wanted.all(|label| own.contains(label)),
            }
        }
        Value::Hyperedge(hyperedge) => {
            let own = &read(hyperedge.contents.as_ref())?.type_name;
            wanted.all(|label| own == label)
        }
        Value::Incidence(incidence) => wanted.all(|label| &incidence.role == label),
        other => return Err(HAS_LABELS.mismatch(other)),
    }))
}
