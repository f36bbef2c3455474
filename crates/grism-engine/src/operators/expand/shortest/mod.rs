//! Shortest paths over binary edges: a breadth-first search for each start, whatever the number of its targets.

mod backtrack;
mod frontier;
pub(crate) mod goals;
mod meeting;
mod search;

pub(crate) use search::{ShortestSearch, search_shortest};
