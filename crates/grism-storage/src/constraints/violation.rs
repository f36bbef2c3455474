//! What is told of rows that a constraint does not allow.

use grism_core::{Constraint, EntityKind, Error, Value};

/// Characters of a value that a message shows.
const SHOWN: usize = 120;

/// The error for a row that lacks a value, that of the property at `place` of the constraint.
pub(super) fn missing(constraint: &Constraint, place: usize) -> Error {
    let property = constraint.properties.get(place).map_or("", String::as_str);
    blocked(format!(
        "a {} of `{}` has no `{property}`, and the constraint `{}` requires one: set `{property}` where it is created, and \
         neither null nor REMOVE it",
        kind(constraint),
        constraint.label,
        constraint.name
    ))
}

/// The error for values that another entity has.
pub(super) fn taken(constraint: &Constraint, values: &[Value]) -> Error {
    blocked(format!(
        "{} of a {} of `{}` is taken already, and the constraint `{}` allows it once: write another value, or find the one \
         that has it by MERGE",
        equation(constraint, values),
        kind(constraint),
        constraint.label,
        constraint.name
    ))
}

/// The values of a constraint's properties, as `` `id` = 7 ``.
pub(super) fn equation(constraint: &Constraint, values: &[Value]) -> String {
    let own = constraint.properties.iter().zip(values);
    let own = own.map(|(name, value)| format!("`{name}` = {}", shown(value)));
    own.collect::<Vec<_>>().join(", ")
}

/// `node` or `hyperedge`.
pub(super) const fn kind(constraint: &Constraint) -> &'static str {
    match constraint.entity {
        EntityKind::Node => "node",
        EntityKind::Hyperedge => "hyperedge",
    }
}

pub(super) fn blocked(message: String) -> Error {
    Error::invalid_data(message).with_code("ConstraintValidationFailed:CreateBlockedByConstraint")
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
