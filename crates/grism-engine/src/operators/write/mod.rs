//! Queries that write: clause by clause on one set of changes, which becomes one commit.
//!
//! ```text
//! QueryWriter ──► Clauses ──► ClauseBinder: the next clause as a logical plan, over the graph as it is by now
//!                    │
//!                    ├─ a plan that reads ──► optimizer, WriteHost: its rows
//!                    └─ Write ──► Writer ──► WriteTarget: what is created, set and deleted, and read again
//! ```

mod clause_binder;
mod clause_rows;
mod clauses;
mod create;
mod delete;
mod host;
mod merge;
mod merge_rows;
mod nested;
mod order;
mod query_writer;
mod recorder;
mod row_sources;
mod set;
mod statement;
#[cfg(test)]
mod tests;
mod transactions;
mod writer;

pub use clause_binder::{
    BoundClause, ClauseBinder, ClausePlace, GraphState, NestedClause, NestedRows,
};
pub use host::WriteHost;
pub use query_writer::QueryWriter;
pub use recorder::{
    ClauseRead, ClauseRecord, ClauseRun, CommitRecord, ReadPlace, Recorder, RuleNotes, WriteRecord,
};
pub use statement::WrittenQuery;
