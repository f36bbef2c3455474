//! `roles`, `members` and `arity`.

use grism_core::{Error, Result, Value};

use super::{OF_ENTITY, read, texts};
use crate::call::first_and_second;
use crate::{
    Accepts, Binding, EntityFunction, Example, Failure, Function, Kernel, Parameter, Passes,
    Returns,
};

pub(super) const FUNCTIONS: &[&Function] = &[&ROLES, &MEMBERS, &ARITY];

/// Names of the bound roles of a hyperedge.
pub static ROLES: Function = Function {
    name: "roles",
    binding: Binding::Entity(EntityFunction::Roles),
    returns: Returns::TEXTS,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(roles),
    description: "The names of the bound roles of a hyperedge, in the order of its declaration; none of a node.",
    examples: &[Example::new(
        "MATCH (m:MEETING) RETURN roles(m)",
        "['organizer', 'attendee']",
    )],
    ..OF_ENTITY
};

/// Members of a hyperedge, of one role or of all.
pub static MEMBERS: Function = Function {
    name: "members",
    binding: Binding::Entity(EntityFunction::Members),
    parameters: &[
        Parameter::new("hyperedge", Accepts::ENTITY),
        Parameter::optional("role", Accepts::ANYTHING),
    ],
    returns: Returns::LIST,
    passes: Passes::MembersOfFirst,
    kernel: Kernel::Values(members),
    description: "The members of a hyperedge, of one role or of all.",
    examples: &[Example::new(
        "MATCH (m:MEETING) RETURN [x IN members(m, 'attendee') | x.name]",
        "['Bob', 'Cid']",
    )],
    ..OF_ENTITY
};

/// Number of bound members of a hyperedge.
pub static ARITY: Function = Function {
    name: "arity",
    binding: Binding::Entity(EntityFunction::Arity),
    returns: Returns::INTEGER,
    failure: Failure::UnlessTyped,
    kernel: Kernel::Values(arity),
    description: "The number of bound members of a hyperedge; 0 of a node.",
    examples: &[Example::new("MATCH (m:MEETING) RETURN arity(m)", "3")],
    ..OF_ENTITY
};

fn roles(arguments: Vec<Value>) -> Result<Value> {
    let (first, _) = first_and_second(arguments);
    Ok(match first {
        Value::Null => Value::Null,
        // A node binds no members.
        Value::Node(_) => Value::List(Vec::new()),
        Value::Hyperedge(hyperedge) => {
            let members = read(hyperedge.contents)?.members.into_iter();
            let bound = members.filter(|(_, members)| !members.is_empty());
            texts(bound.map(|(role, _)| role))
        }
        other => return Err(ROLES.mismatch(&other)),
    })
}

fn members(arguments: Vec<Value>) -> Result<Value> {
    let (first, role) = first_and_second(arguments);
    let hyperedge = match first {
        Value::Null => return Ok(Value::Null),
        Value::Node(_) => return Ok(Value::List(Vec::new())),
        Value::Hyperedge(hyperedge) => hyperedge,
        other => return Err(MEMBERS.mismatch(&other)),
    };
    let members = read(hyperedge.contents)?.members.into_iter();
    let only = match &role {
        Some(Value::Null) => return Ok(Value::Null),
        Some(Value::String(only)) => Some(only),
        Some(other) => {
            let found = other.type_name();
            let message = format!("a role is a string, not {found}");
            return Err(Error::invalid_data(message).with_code("TypeError:InvalidArgumentType"));
        }
        None => None,
    };
    let wanted = members.filter(|(role, _)| only.is_none_or(|only| role == only));
    Ok(Value::List(
        wanted.flat_map(|(_, members)| members).collect(),
    ))
}

fn arity(arguments: Vec<Value>) -> Result<Value> {
    let (first, _) = first_and_second(arguments);
    Ok(match first {
        Value::Null => Value::Null,
        Value::Node(_) => Value::Int64(0),
        Value::Hyperedge(hyperedge) => {
            let members = read(hyperedge.contents)?.members;
            let counts = members.iter().map(|(_, members)| members.len() as i64);
            Value::Int64(counts.sum())
        }
        other => return Err(ARITY.mismatch(&other)),
    })
}
