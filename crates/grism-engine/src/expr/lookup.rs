//! What is looked up in a value: properties and labels of entities, entries of maps, items of lists, components of
//! temporal values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Value};
use grism_functions::{Operand, get};

use super::indexed::Indexed;
use super::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_indexed};

/// A property, an entry or a component of a base, by a key.
#[derive(Debug)]
pub(super) struct Get {
    data_type: DataType,
}

impl Get {
    /// What the first of `nodes` has under the key that is the second.
    pub(super) fn node(nodes: Vec<Node>, data_type: DataType) -> Node {
        let kind = Self {
            data_type: data_type.clone(),
        };
        OwnExpr::node(kind, nodes, data_type)
    }
}

impl Kind for Get {
    fn name(&self) -> &'static str {
        "get"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [base, key] = children(nodes)?;
        let (base, key) = (evaluate_indexed(base, batch)?, evaluate(key, batch)?);
        get_rows(&base, &key, batch.num_rows(), &self.data_type)
    }
}

/// The property, entry or component of each row's base that its key names; a base that rows share is read once.
fn get_rows(base: &Indexed, key: &Operand, rows: usize, data_type: &DataType) -> Result<Operand> {
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
