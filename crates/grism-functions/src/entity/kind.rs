//! `kind` and `position`.

use grism_core::{Type, Value};

use super::OF_ENTITY;
use crate::{Accepts, Binding, EntityFunction, Example, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&KIND, &POSITION];

/// `node`, `hyperedge` or `incidence`.
pub static KIND: Function = Function {
    name: "kind",
    binding: Binding::Entity(EntityFunction::Kind),
    parameters: &[Parameter::new(
        "value",
        Accepts::new(
            "a node, a relationship or a hyperedge",
            "Node | Hyperedge | Incidence",
            |ty| ty.is_entity() || ty == &Type::Incidence,
        ),
    )],
    returns: Returns::TEXT,
    kernel: Kernel::Values(|arguments| {
        let kind = match arguments.into_iter().next().unwrap_or(Value::Null) {
            Value::Null => return Ok(Value::Null),
            Value::Node(_) => "node",
            Value::Hyperedge(_) => "hyperedge",
            Value::Incidence(_) => "incidence",
            other => return Err(KIND.mismatch(&other)),
        };
        Ok(Value::String(kind.to_owned()))
    }),
    description: "`node` or `hyperedge`; of an incidence `incidence`.",
    examples: &[Example::new(
        "MATCH (m:MEETING)-[r]->(a {name: 'Ann'}) RETURN kind(m), kind(r), kind(a)",
        "hyperedge | incidence | node",
    )],
    ..OF_ENTITY
};

/// The place of an incidence in its role.
pub static POSITION: Function = Function {
    name: "position",
    binding: Binding::Entity(EntityFunction::Position),
    parameters: &[Parameter::new("incidence", Accepts::INCIDENCE)],
    returns: Returns::INTEGER,
    kernel: Kernel::Values(|arguments| {
        Ok(match arguments.into_iter().next().unwrap_or(Value::Null) {
            Value::Incidence(incidence) => Value::Int64(incidence.position),
            // An edge has no place within a role.
            Value::Null | Value::Hyperedge(_) => Value::Null,
            other => return Err(POSITION.mismatch(&other)),
        })
    }),
    description: "The place of an incidence in a role that is bound many times, counted from 0.",
    examples: &[Example::new(
        "MATCH (:MEETING)-[r:attendee]->({name: 'Cid'}) RETURN position(r)",
        "1",
    )],
    ..OF_ENTITY
};
