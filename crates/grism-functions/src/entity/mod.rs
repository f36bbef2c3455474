//! Functions of nodes, hyperedges, incidences, paths and maps.
//!
//! Where the type of an entity is known, the binder translates most of them into columns and constants; the kernels here are
//! for entities whose type is known only at run time.

mod contents;
mod end;
mod identity;
mod kind;
mod lookup;
mod map;
mod member;
mod path;
mod pattern;

pub use contents::{KEYS, LABELS, PROPERTIES, PROPERTY_MAP, TYPE};
pub use end::{END_NODE, START_NODE};
pub use identity::{ELEMENT_ID, ID, map_ids};
pub use kind::{KIND, POSITION};
pub use lookup::{GET, HAS_LABELS, get};
pub use map::{AS_LIST, MERGE};
pub use member::{ARITY, MEMBERS, ROLES};
pub use path::{LENGTH, NODES, PATH, RELATIONSHIPS};
pub use pattern::ENTITY;

use grism_core::{Error, Result, Value};

use crate::{Accepts, Category, Function, Parameter};

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    identity::FUNCTIONS,
    contents::FUNCTIONS,
    kind::FUNCTIONS,
    member::FUNCTIONS,
    end::FUNCTIONS,
    path::FUNCTIONS,
    lookup::FUNCTIONS,
    map::FUNCTIONS,
    pattern::FUNCTIONS,
];

/// A function of an entity, which may depend on the entity's table.
const OF_ENTITY: Function = Function {
    category: Category::Entities,
    parameters: &[Parameter::new("entity", Accepts::ENTITY)],
    ..Function::BASE
};

/// The contents of an entity, which is read before any expression looks at it.
fn read<T>(contents: Option<T>) -> Result<T> {
    contents.ok_or_else(|| Error::internal("the contents of an entity were not read"))
}

fn texts(items: impl Iterator<Item = String>) -> Value {
    Value::List(items.map(Value::String).collect())
}
