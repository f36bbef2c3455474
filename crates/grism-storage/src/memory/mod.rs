//! A graph in memory.

mod append;
mod chunks;
mod held;
mod image;
mod segments;
mod snapshot;
mod storage;
mod take;

pub use storage::InMemoryStorage;
