//! Temporal values: construction, parsing, components, truncation, differences and arithmetic, as the Cypher
//! Improvement Proposal 2015-08-06 (date and time) has them.

mod arithmetic;
mod between;
mod clock;
mod component;
mod construct;
mod difference;
mod duration;
mod function;
mod parse;
mod parts;
mod point;
mod truncate;
mod truncation;
mod week;

pub use arithmetic::arithmetic;
pub use component::component;
pub use difference::DURATION;
pub use function::TemporalOperator;
pub use point::{DATE, DATE_TIME, TIME};
pub use truncation::DATE_TIME_TRUNCATE;

use function::{TemporalFunction as F, wrong};
use parts::Parts;

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    point::FUNCTIONS,
    clock::FUNCTIONS,
    truncation::FUNCTIONS,
    difference::FUNCTIONS,
];
