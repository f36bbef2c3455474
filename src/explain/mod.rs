//! `EXPLAIN`: plans in words, as JSON and as pictures, with what a run of them did.
//!
//! `explained.rs` is what is known of an explained query, whatever its form; `operators.rs` reads it from plans, `measure.rs` from
//! runs, `writes.rs` from queries that write, and `text.rs`, `json.rs`, `graph.rs` and `svg.rs` write it.

mod advice;
mod explained;
mod graph;
mod json;
mod measure;
mod operators;
mod stages;
mod statement;
mod svg;
mod text;
mod units;
mod writes;

pub use measure::FinishedRun;
pub(crate) use statement::{Measure, explain_prepared, explain_query, explain_statement};
