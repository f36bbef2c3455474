//! The one place that knows DataFusion: streams go in and out, errors keep their kind, memory is ours.

mod adapter;
mod aggregate;
mod error;
mod fold;
mod handles;
mod memory_pool;
mod sum;

pub(crate) use adapter::{SortColumn, hash_join, merge_sorted, sort, task_context};
pub(crate) use aggregate::{aggregate, state_schema};
pub(crate) use error::from_datafusion;
