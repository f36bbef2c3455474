//! Patterns counted by weights: every entity gets the number of ways to bind what lies below its place in the pattern.

mod chunk;
mod exec;
mod lists;
mod loops;
mod marks;
mod pair;
pub(crate) mod parallel;
mod pass;
mod pinned;
mod pull;
mod push;
mod shared;
mod weights;

pub use exec::WeightedCountExec;
