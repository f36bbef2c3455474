//! Expressions with a part that is evaluated for each element of a list: comprehensions, quantifiers, reduce().
//!
//! The elements of all rows' lists are laid end to end, beside the columns of the rows they belong to, and the part is
//! evaluated over many of them at once.

mod inner;
mod lists;
mod quantified;
mod reduce;
mod transform;

pub(super) use quantified::Quantified;
pub(super) use reduce::Reduce;
pub(super) use transform::Transform;
