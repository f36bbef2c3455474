//! MATCH: patterns are planned on top of the rows, and filtered.

mod choices;
mod hop;
mod match_clause;
mod plan_graph;
mod repetition;

pub(super) use match_clause::match_clause;
pub(crate) use match_clause::match_pattern;
pub(crate) use repetition::{RepetitionEnd, bind_repetition};
