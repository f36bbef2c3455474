//! `startNode` and `endNode`.

use grism_core::{HyperedgeContents, Result, Value};

use super::{OF_ENTITY, read};
use crate::{
    Accepts, Binding, EntityFunction, Example, Function, Kernel, Parameter, Passes, Returns,
};

pub(super) const FUNCTIONS: &[&Function] = &[&START_NODE, &END_NODE];

const END: Function = Function {
    parameters: &[Parameter::new(
        "relationship",
        Accepts {
            wanted: "a relationship",
            ..Accepts::RELATIONSHIP
        },
    )],
    returns: Returns::ANYTHING,
    passes: Passes::MembersOfFirst,
    ..OF_ENTITY
};

/// Where a binary edge, or an incidence, starts.
pub static START_NODE: Function = Function {
    name: "startNode",
    binding: Binding::Entity(EntityFunction::StartNode),
    kernel: Kernel::Values(|arguments| {
        end(arguments, &START_NODE, |incidence| {
            Value::Hyperedge(Box::new(incidence.hyperedge))
        })
    }),
    description: "Where a binary edge starts; of an incidence its hyperedge.",
    examples: &[Example::new(
        "MATCH ()-[k:KNOWS {since: 2015}]->() RETURN startNode(k).name",
        "Ann",
    )],
    ..END
};

/// Where a binary edge, or an incidence, ends.
pub static END_NODE: Function = Function {
    name: "endNode",
    binding: Binding::Entity(EntityFunction::EndNode),
    kernel: Kernel::Values(|arguments| end(arguments, &END_NODE, |incidence| incidence.member)),
    description: "Where a binary edge ends; of an incidence its member.",
    examples: &[Example::new(
        "MATCH ()-[k:KNOWS {since: 2015}]->() RETURN endNode(k).name",
        "Bob",
    )],
    ..END
};

fn end(
    arguments: Vec<Value>,
    function: &Function,
    of_incidence: fn(grism_core::IncidenceValue) -> Value,
) -> Result<Value> {
    Ok(match arguments.into_iter().next().unwrap_or(Value::Null) {
        Value::Null => Value::Null,
        Value::Incidence(incidence) => of_incidence(*incidence),
        Value::Hyperedge(hyperedge) => {
            let place = usize::from(function == &END_NODE);
            member(read(hyperedge.contents)?, place)
        }
        other => return Err(function.mismatch(&other)),
    })
}

/// The member of the role at `place`.
fn member(contents: HyperedgeContents, place: usize) -> Value {
    contents
        .members
        .into_iter()
        .nth(place)
        .and_then(|(_, members)| members.into_iter().next())
        .unwrap_or(Value::Null)
}
