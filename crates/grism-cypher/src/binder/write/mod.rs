//! Writes: what a clause that writes finds out before anything is changed.
//!
//! ```text
//! QueryContext, Rows ──► bind_write(Clause) ──► BoundWrite: a plan that makes the columns that are read,
//!                                                and what is created, set or deleted
//! ```

mod bound;
mod clause;
mod create;
mod created_step;
mod delete;
mod merge;
mod merge_values;
mod set;
mod storable;
#[cfg(test)]
mod tests;
mod writing;

pub(crate) use clause::bind_write;

pub use bound::BoundWrite;
