//! A graph as Lance datasets in a directory, with a commit log of its own.

mod adjacency;
mod cache;
mod dataset;
mod error;
mod format;
mod indexes;
mod layout;
mod loaded;
mod log;
mod open_graph;
mod open_table;
mod opening;
mod optimize;
mod physical;
mod predicate;
mod recount;
mod root;
mod search;
mod snapshot;
mod stage;
mod stage_changes;
mod stamp;
mod storage;
mod sync;
mod tags;
mod take;
mod turn;
mod vacuum;

pub(crate) use cache::limit_cache;
pub use format::{FORMAT_VERSION, GraphOptions};
pub(crate) use root::session;
pub use storage::LanceStorage;
