//! MATCH: patterns are planned on top of the rows, and filtered.

mod choices;
mod hop;
mod match_clause;
mod match_elements;
mod plan_graph;
mod repetition;

pub(crate) use hop::RepetitionEnd;
pub(super) use match_clause::match_clause;
pub(crate) use match_clause::match_pattern;
pub(crate) use repetition::bind_repetition;
