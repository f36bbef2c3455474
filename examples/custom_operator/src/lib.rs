//! Operators of a crate that is not Grism's, on the public contract of its engine alone.
//!
//! [`GroupedNode`] puts the rows of a group together and computes a [`GroupFunction`] of them, which is of this crate as well. Its
//! operator says that it needs equal keys in one task, so the distributed planner puts a hash exchange below it, and the local one
//! runs it above the threads of its input. [`ScoreNode`] works row by row and needs a graphics card: its stage runs on workers that
//! have one, and elsewhere the query is refused.
//!
//! [`functions`] are of values, of groups and of rows, and are called by their names in queries.
//!
//! A node is both what stands in a logical plan, where `grism_engine::extension_over` puts it, and so in a frame, and the
//! `grism_engine::Unary` that its operator does over its input. Nodes and functions are written and read by `typetag`, so plans
//! travel to whoever links this crate: on Ray to workers that import the Python module in `python/`.

mod functions;
mod group_function;
mod grouped;
mod groups;
mod score;

pub use functions::{Logistic, MedianOf, Steps, functions};
pub use group_function::{GroupFunction, Median, Spread};
pub use grouped::GroupedNode;
pub use score::ScoreNode;
