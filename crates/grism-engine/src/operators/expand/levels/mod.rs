//! Which entities are reached, and over how many hops: breadth-first searches that remember no paths.

mod closing;
mod hop_lists;
mod level_search;
mod many_search;
mod meeting;
mod search;

pub(crate) use search::{LevelsSearch, search_levels};
