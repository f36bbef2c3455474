//! Part of the translation of patterns.

use grism_core::Value;

use crate::call::first_and_second;
use crate::internal_name::internal_name;
use crate::{Accepts, Function, Kernel, Parameter, Passes, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&ENTITY];

/// The entity that a dynamically typed value is. With a second argument that is true an incidence gives null.
pub static ENTITY: Function = Function {
    name: internal_name!("entity"),
    parameters: &[
        Parameter::new("value", Accepts::ANYTHING),
        Parameter::optional("edge", Accepts::ANYTHING),
    ],
    returns: Returns::ANYTHING,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| match first_and_second(arguments) {
        (value @ (Value::Null | Value::Node(_) | Value::Hyperedge(_)), _) => Ok(value),
        // Where an edge is asked for, an incidence is another relationship.
        (Value::Incidence(_), Some(Value::Bool(true))) => Ok(Value::Null),
        (other, _) => Err(ENTITY.mismatch(&other)),
    }),
    written_as: Some("a pattern"),
    ..Function::BASE
};
