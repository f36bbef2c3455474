//! Paths, and their nodes, relationships and lengths.

use grism_core::{Error, PathValue, Result, Type, Value};

use super::OF_ENTITY;
use crate::internal_name::internal_name;
use crate::{Accepts, Category, Example, Failure, Function, Kernel, Parameter, Passes, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&NODES, &RELATIONSHIPS, &LENGTH, &PATH];

const OF_PATH: Function = Function {
    parameters: &[Parameter::new("path", Accepts::PATH)],
    failure: Failure::UnlessTyped,
    ..OF_ENTITY
};

/// The nodes of a path.
pub static NODES: Function = Function {
    name: "nodes",
    returns: Returns::LIST,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| of_path(arguments, &NODES, |path| Value::List(path.nodes))),
    description: "The entities of a path, in their order.",
    examples: &[Example::new(
        "MATCH p = ({name: 'Ann'})-[:KNOWS*2]->() RETURN [n IN nodes(p) | n.name]",
        "['Ann', 'Bob', 'Cid']",
    )],
    ..OF_PATH
};

/// The relationships of a path.
pub static RELATIONSHIPS: Function = Function {
    name: "relationships",
    synonyms: &["rels"],
    returns: Returns::LIST,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| {
        of_path(arguments, &RELATIONSHIPS, |path| {
            Value::List(path.relationships)
        })
    }),
    description: "The relationships of a path, in their order.",
    examples: &[Example::new(
        "MATCH p = ({name: 'Ann'})-[:KNOWS*2]->() RETURN [r IN relationships(p) | r.since]",
        "[2015, 2018]",
    )],
    ..OF_PATH
};

/// The number of relationships of a path.
pub static LENGTH: Function = Function {
    name: "length",
    returns: Returns::INTEGER,
    kernel: Kernel::Values(|arguments| {
        of_path(arguments, &LENGTH, |path| {
            Value::Int64(path.relationships.len() as i64)
        })
    }),
    description: "The number of relationships of a path.",
    examples: &[Example::new(
        "MATCH p = ({name: 'Ann'})-[:KNOWS*2]->() RETURN length(p)",
        "2",
    )],
    ..OF_PATH
};

/// The path through the arguments: an entity, then a step and the entity it leads to, or a list of steps and the list of
/// entities they lead to, and so on.
pub static PATH: Function = Function {
    name: internal_name!("path"),
    category: Category::Internal,
    parameters: &[Parameter::repeated("part", Accepts::ANYTHING)],
    returns: Returns::Fixed(|| Type::Path),
    failure: Failure::Never,
    passes: Passes::All,
    kernel: Kernel::Values(path),
    written_as: Some("a path"),
    ..Function::BASE
};

fn of_path(
    arguments: Vec<Value>,
    function: &Function,
    part: fn(PathValue) -> Value,
) -> Result<Value> {
    match arguments.into_iter().next().unwrap_or(Value::Null) {
        Value::Null => Ok(Value::Null),
        Value::Path(path) => Ok(part(*path)),
        other => Err(function.mismatch(&other)),
    }
}

/// The path through entities and steps; null where any of them is.
fn path(parts: Vec<Value>) -> Result<Value> {
    let mut path = PathValue {
        nodes: Vec::new(),
        relationships: Vec::new(),
    };
    let mut parts = parts.into_iter();
    match parts.next() {
        None | Some(Value::Null) => return Ok(Value::Null),
        Some(first) => path.nodes.push(first),
    }
    while let (Some(step), Some(reached)) = (parts.next(), parts.next()) {
        match (step, reached) {
            (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
            (Value::List(steps), Value::List(reached)) => {
                path.relationships.extend(steps);
                path.nodes.extend(reached);
            }
            (step, reached) => {
                path.relationships.push(step);
                path.nodes.push(reached);
            }
        }
    }
    if path.nodes.len() != path.relationships.len() + 1 {
        return Err(Error::internal("a path with a step too many"));
    }
    Ok(Value::Path(Box::new(path)))
}
