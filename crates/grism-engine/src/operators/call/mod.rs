//! Calls of table functions.

pub(crate) mod counted_rows;
pub(crate) mod table_call;

pub use table_call::TableCallExec;
