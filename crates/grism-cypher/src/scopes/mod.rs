//! The variables of a whole query: which of them each part may name, and what kind of thing each is.
//!
//! ```text
//! Query, GraphSchema ──► check_scopes ──► Ok, or the first thing that is wrong
//! ```
//!
//! Nothing here depends on the tables of the graph, except that the edges of a declared type are entities too. So a mistake
//! is reported even where the binder never looks: in what an unknown label or property folds away, and in clauses behind
//! a write. The binder finds the types of variables; here a variable has an [`Origin`], which says what bound it.

mod aggregates;
mod clause;
mod created;
mod expression;
mod known;
mod origin;
mod origins;
mod pattern;
mod projection;
mod query;
#[cfg(test)]
mod tests;

pub(crate) use query::{Ending, check_scopes};
