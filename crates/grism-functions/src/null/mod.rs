//! Functions of values that may be null, and the keys of values.

mod coalesce;
mod key;
mod null_if;
mod presence;

pub use coalesce::COALESCE;
pub use key::KEY;
pub use null_if::NULL_IF;

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    coalesce::FUNCTIONS,
    key::FUNCTIONS,
    null_if::FUNCTIONS,
    presence::FUNCTIONS,
];
