//! A graph in memory.

mod append;
mod chunks;
mod held;
mod image;
mod segments;
mod snapshot;
mod storage;

pub use storage::InMemoryStorage;
