//! From a pattern to a plan: which element is found first, and in which order the others are reached from it.
//!
//! All role steps around one hyperedge become one operator: a `HyperedgeScan` where the hyperedge comes first, a
//! `RoleExpand` where it is reached from a member.
//!
//! ```text
//! graph      what is looked for
//!   planner  what the statistics tell of its steps: degrees
//!   moves    which steps can be taken next
//!   cost     what a start or a step costs, and the rows that it makes
//!   search   the start and the steps whose rows add up to the least
//!   build    the operators of the steps
//! ```

mod build;
mod cost;
mod degrees;
mod graph;
mod moves;
mod order;
mod planner;
mod progress;
mod search;
#[cfg(test)]
mod tests;

pub use graph::{
    PatternEdge, PatternEntity, PatternFilter, PatternGraph, PatternHop, PatternPath, PatternRole,
    PatternTaken, Repetition,
};
pub use order::{PatternOrder, plan_pattern};
