//! A graph as Lance datasets in a directory, with a commit log of its own.

mod adjacency;
mod dataset;
mod error;
mod format;
mod log;
mod physical;
mod predicate;
mod snapshot;
mod storage;
mod sync;

pub use format::{FORMAT_VERSION, GraphOptions};
pub use storage::LanceStorage;
