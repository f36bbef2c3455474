//! A graph as Lance datasets in a directory, with a commit log of its own.

mod adjacency;
mod dataset;
mod error;
mod format;
mod layout;
mod log;
mod physical;
mod predicate;
mod root;
mod snapshot;
mod stage;
mod storage;
mod sync;
mod turn;

pub use format::{FORMAT_VERSION, GraphOptions};
pub use storage::LanceStorage;
