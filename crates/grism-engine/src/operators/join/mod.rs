//! Operators of two inputs, and subqueries for each row.

pub(crate) mod apply;
pub(crate) mod cross_join;
pub(crate) mod hash_join;

pub use apply::ApplyExec;
pub use cross_join::CrossJoinExec;
pub use hash_join::HashJoinExec;

#[cfg(test)]
mod tests;
