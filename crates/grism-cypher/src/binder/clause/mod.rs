//! Clauses: `Rows` go into a clause, and come out of it with a plan and a scope that the clause has extended.
//!
//! ```text
//! QueryContext, Notes, Rows { plan, scope } ──► bind_clause(Clause) ──► Rows
//! ```
//!
//! Plan nodes are made here and in the writes beside it, and nowhere else. The other phases call the functions for subplans,
//! which take a scope and the columns of the outer rows, and give a plan.

mod call;
mod dispatch;
mod filter;
mod imports;
mod load_rows;
mod matching;
mod projection;
mod query;
mod rows;
mod subplan;
#[cfg(test)]
mod tests;
mod union;
mod unwind;

pub(crate) use dispatch::bind_clause;
pub(crate) use imports::{imported_names, imported_scope};
pub(crate) use matching::{RepetitionEnd, bind_repetition, match_pattern};
pub(crate) use projection::{ProjectionKind, materialize_results, project, row_count};
pub(crate) use query::bind_query;
pub(crate) use rows::{Rows, with_column, with_needs};
pub(crate) use subplan::{
    UnwoundList, comprehension_subplan, list_subplan, pattern_subplan, query_subplan,
};

pub use call::{Procedure, procedures};
