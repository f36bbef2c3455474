//! A graph in memory.

mod image;
mod snapshot;
mod storage;

pub use storage::InMemoryStorage;
