//! `id` and `elementId`.

use std::sync::Arc;

use arrow::array::{Array, Int64Array, UInt64Array};
use grism_core::{EntityId, Result, Type, Value};

use super::OF_ENTITY;
use crate::{Accepts, Call, Example, Failure, Function, Kernel, Operand, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&ID, &ELEMENT_ID];

/// The id of an entity, as an integer.
pub static ID: Function = Function {
    name: "id",
    parameters: &[Parameter::new("entity", WITH_ID)],
    returns: Returns::INTEGER,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Either {
        fits: |types| !types.contains(&Type::Any),
        columns: ids,
        values: |arguments| id_of(arguments, &ID, |id| Value::Int64(id as i64)),
    },
    description: "The id of an entity, as an integer. It never changes and is never used again.",
    examples: &[Example::new(
        "MATCH (a:Person {name: 'Ann'})-[k:KNOWS]->() RETURN id(a) = id(startNode(k))",
        "true",
    )],
    ..OF_ENTITY
};

/// The id of an entity, as text.
pub static ELEMENT_ID: Function = Function {
    name: "elementId",
    parameters: &[Parameter::new("entity", WITH_ID)],
    returns: Returns::TEXT,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(|arguments| {
        id_of(arguments, &ELEMENT_ID, |id| Value::String(id.to_string()))
    }),
    description: "The id of an entity, as text.",
    examples: &[Example::new(
        "MATCH (a:Person {name: 'Ann'}) RETURN elementId(a) = toString(id(a))",
        "true",
    )],
    ..OF_ENTITY
};

const WITH_ID: Accepts = Accepts::new("a node or a hyperedge", "Node | Hyperedge", |ty| {
    ty.tables().is_some()
});

fn ids(call: &Call<'_>) -> Result<Operand> {
    let entity = call.argument(0)?;
    let ids: Int64Array = map_ids(entity, |id| id.map(|id| id.raw() as i64))?
        .into_iter()
        .collect();
    Ok(Operand::over(&[entity], Arc::new(ids)))
}

fn id_of(arguments: Vec<Value>, function: &Function, make: fn(u64) -> Value) -> Result<Value> {
    match arguments.into_iter().next().unwrap_or(Value::Null) {
        Value::Null => Ok(Value::Null),
        Value::Node(node) => Ok(make(node.id)),
        Value::Hyperedge(hyperedge) => Ok(make(hyperedge.id)),
        other => Err(function.mismatch(&other)),
    }
}

/// What `compute` makes of the id of each entity in a column of ids.
///
/// # Errors
/// `Internal` for a column that holds no ids.
pub fn map_ids<T>(entity: &Operand, compute: impl Fn(Option<EntityId>) -> T) -> Result<Vec<T>> {
    if entity.is_null_type() {
        return Ok((0..entity.array().len()).map(|_| compute(None)).collect());
    }
    let ids = entity.as_array::<UInt64Array>()?;
    Ok(ids
        .iter()
        .map(|id| compute(id.map(EntityId::from_raw)))
        .collect())
}
