//! Functions of lists.

mod ends;
mod parts;
mod range;
mod reverse;
mod size;

pub use ends::{HEAD, LAST, TAIL};
pub use parts::{element, offsets_of, parts_of};
pub use range::{RANGE, Steps};
pub use reverse::REVERSE;
pub use size::SIZE;

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    ends::FUNCTIONS,
    range::FUNCTIONS,
    reverse::FUNCTIONS,
    size::FUNCTIONS,
];
