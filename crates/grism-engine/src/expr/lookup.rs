//! What is looked up in a value: properties and labels of entities, entries of maps, items of lists, components of
//! temporal values.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use arrow::datatypes::DataType;
use grism_core::{Error, Result, Value};
use grism_logical::ScalarFunction;

use super::indexed::Indexed;
use super::operand::Operand;
use super::temporal;
use super::values::{mismatch, read};

/// The property, entry or component of each row's base that its key names; a base that rows share is read once.
pub(super) fn get_rows(
    base: &Indexed,
    key: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    look_up(base, key, rows, data_type, |base, key| match key {
        _ if base.is_null() => Ok(Value::Null),
        Value::String(key) => get(base, key),
        _ => Ok(Value::Null),
    })
}

/// `base[key]` for each row; a base that rows share is read once.
pub(super) fn index_rows(
    base: &Indexed,
    key: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    look_up(base, key, rows, data_type, index)
}

fn look_up(
    base: &Indexed,
    key: &Operand,
    rows: usize,
    data_type: &DataType,
    find: impl Fn(&Value, &Value) -> Result<Value>,
) -> Result<Operand> {
    let single = base.is_scalar() && key.is_scalar();
    let count = if single { 1 } else { rows };
    let mut bases: HashMap<usize, Value> = HashMap::new();
    let shares = base.values.len() < count;
    let mut found = Vec::with_capacity(count);
    for row in 0..count {
        let key = key.value(row)?;
        if !shares {
            found.push(find(&base.value(row)?, &key)?);
            continue;
        }
        let own = match bases.entry(base.at(row)) {
            Entry::Occupied(own) => own.into_mut(),
            Entry::Vacant(place) => place.insert(base.value(row)?),
        };
        found.push(find(own, &key)?);
    }
    let array = Value::column(&found, data_type)?;
    Ok(if single {
        Operand::scalar(array)
    } else {
        Operand::column(array)
    })
}

/// A property, an entry of a map, or a component of a temporal value.
pub(super) fn get(base: &Value, key: &str) -> Result<Value> {
    let found =
        |entries: &BTreeMap<String, Value>| entries.get(key).cloned().unwrap_or(Value::Null);
    Ok(match base {
        Value::Map(entries) => found(entries),
        Value::Node(node) => found(&read(node.contents.as_ref())?.properties),
        Value::Hyperedge(hyperedge) => found(&read(hyperedge.contents.as_ref())?.properties),
        Value::Incidence(_) => Value::Null,
        temporal => match temporal::component(temporal, key)? {
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

/// `base[key]` of values whose types are known only now.
fn index(base: &Value, key: &Value) -> Result<Value> {
    let wrong = |code: &str| {
        Error::invalid_query(format!(
            "`[…]` cannot take {} of {}",
            key.type_name(),
            base.type_name()
        ))
        .with_code(code)
    };
    Ok(match (base, key) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::List(items), Value::Int64(position)) => {
            let at = if *position < 0 {
                position + items.len() as i64
            } else {
                *position
            };
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found.cloned().unwrap_or(Value::Null)
        }
        (Value::List(_), _) => return Err(wrong("TypeError:ListElementAccessByNonInteger")),
        (
            Value::Map(_) | Value::Node(_) | Value::Hyperedge(_) | Value::Incidence(_),
            Value::String(key),
        ) => get(base, key)?,
        (Value::Map(_) | Value::Node(_) | Value::Hyperedge(_) | Value::Incidence(_), _) => {
            return Err(wrong("TypeError:MapElementAccessByNonString"));
        }
        _ => return Err(wrong("TypeError:InvalidArgumentType")),
    })
}

/// Whether an entity or a relationship has all of the labels: those of a node, the type of a hyperedge, the role of an
/// incidence. Where no labels are listed, whether it has any.
pub(super) fn has_labels(base: &Value, labels: Option<&Value>) -> Result<Value> {
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
        other => return Err(mismatch(ScalarFunction::HasLabels, other)),
    }))
}
