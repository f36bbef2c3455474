//! A graph as Lance datasets in a directory, with a commit log of its own.

mod history;
mod lists;
mod opening;
mod place;
mod reading;
mod rows;
mod stage;
mod storage;
mod upkeep;

pub use history::format::{FORMAT_VERSION, GraphOptions};
pub(crate) use place::resources::Resources;
pub use storage::LanceStorage;
