//! Operators of a crate that is not Grism's, on the public contract of its engine alone.
//!
//! [`GroupedExec`] puts the rows of a group together and computes a [`GroupFunction`] of them, which is of this crate as well. It
//! says that it needs equal keys in one task, so the distributed planner puts a hash exchange below it, and the local one runs it
//! above the threads of its input. [`ScoreExec`] works row by row and needs a graphics card: its stage runs on workers that have
//! one, and elsewhere the query is refused.
//!
//! [`functions`] are of values, of groups and of rows, and are called by their names in queries.
//!
//! Each operator comes with a node, which `grism_engine::extension_over` puts into a logical plan, and so into a frame. Operators,
//! nodes and functions are written and read by `typetag`, so plans travel to whoever links this crate: on Ray to workers that
//! import the Python module in `python/`.

mod functions;
mod group_function;
mod grouped;
mod groups;
mod score;

pub use functions::{Logistic, MedianOf, Steps, functions};
pub use group_function::{GroupFunction, Median, Spread};
pub use grouped::{GroupedExec, GroupedNode};
pub use score::{ScoreExec, ScoreNode};
