//! Incremental loads: what was taken before is known by the graph, and is not taken again.
//!
//! ```text
//! files ──▶ those that are new ──▶ some at a time: their rows, and that they are taken, in one commit
//! rows  ──▶ those above the greatest value of a growing column, and that value, in one commit
//! ```

mod files;
mod growth;
mod incremental_load;
mod listed_file;
mod option;

pub(super) use growth::Growth;
pub use incremental_load::IncrementalLoad;
pub use option::Incremental;
