//! Queries that write: the engine's [`QueryWriter`](grism_engine::operators::write::QueryWriter) over openCypher, local reads and
//! the storage's transactions.

mod cypher_clauses;
mod local_writes;
mod statement;

pub(crate) use statement::{plan_clauses, write_query, write_recorded};
