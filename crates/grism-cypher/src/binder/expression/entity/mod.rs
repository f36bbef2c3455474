//! Entities in expressions: their properties, labels, types and members, and entities as values.

mod column;
mod contents;
mod function;
mod label_test;
mod lookup;
mod materialized;
mod property;
mod role_function;
mod role_property;
mod sources;

pub(crate) use column::{any_entity_tables, edge_of, entity_of};
pub(crate) use contents::dynamic_function;
pub(super) use contents::{dynamic_property, with_contents, with_deep_contents};
pub(super) use function::{EntityCall, entity_function, incidence_part};
pub(crate) use label_test::{label_condition, label_test, may_change};
pub(crate) use materialized::materialized;
pub(crate) use property::property;
pub(super) use property::property_type;
