//! Expansions over incidence lists: one step, counted steps and paths.

pub(crate) mod adjacency_expand;
pub(crate) mod components;
pub(crate) mod count_expand;
pub(crate) mod count_intersect;
pub(crate) mod edge_lists;
pub(crate) mod expansion;
pub(crate) mod levels;
pub(crate) mod marks;
pub(crate) mod member_lists;
pub(crate) mod node_numbers;
pub(crate) mod path_expand;
pub(crate) mod path_rows;
pub(crate) mod path_search;
pub(crate) mod repeat;
pub(crate) mod role_expand;
pub(crate) mod segment_groups;
pub(crate) mod shortest;
pub(crate) mod star;
pub(crate) mod weighted_count;

pub use adjacency_expand::AdjacencyExpandExec;
pub use components::ComponentsExec;
pub use count_expand::CountExpandExec;
pub use count_intersect::CountIntersectExec;
pub use path_expand::PathExpandExec;
pub use repeat::RepeatExec;
pub use role_expand::RoleExpandExec;
pub use weighted_count::WeightedCountExec;

#[cfg(test)]
mod tests;
