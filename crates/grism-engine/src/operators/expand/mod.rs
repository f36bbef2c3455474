//! Expansions over incidence lists: one step, counted steps and paths.

pub(crate) mod adjacency_expand;
pub(crate) mod count_expand;
pub(crate) mod expansion;
pub(crate) mod marks;
pub(crate) mod path_expand;
pub(crate) mod path_search;
pub(crate) mod repeat;
pub(crate) mod role_expand;
pub(crate) mod segment_groups;
pub(crate) mod star;

pub use adjacency_expand::AdjacencyExpandExec;
pub use count_expand::CountExpandExec;
pub use path_expand::PathExpandExec;
pub use repeat::RepeatExec;
pub use role_expand::RoleExpandExec;

#[cfg(test)]
mod tests;
