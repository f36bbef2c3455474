//! A graph as Lance datasets in a directory, with a commit log of its own.

mod adjacency;
mod dataset;
mod error;
mod format;
mod indexes;
mod layout;
mod log;
mod optimize;
mod physical;
mod predicate;
mod recount;
mod root;
mod search;
mod snapshot;
mod stage;
mod storage;
mod sync;
mod tags;
mod turn;
mod vacuum;

pub use format::{FORMAT_VERSION, GraphOptions};
pub(crate) use root::session;
pub(crate) use snapshot::limit_cache;
pub use storage::LanceStorage;
