//! The one place that knows DataFusion: streams go in and out, errors keep their kind, memory is ours.

mod adapter;
mod aggregate;
mod distinct_rows;
mod error;
mod extreme;
mod fold;
mod handles;
mod memory_pool;
mod sum;
mod user_aggregate;
mod user_group;
mod user_groups;

pub(crate) use adapter::{SortColumn, hash_join, merge_sorted, sort, task_context};
pub(crate) use aggregate::{aggregate, state_schema};
pub(crate) use error::from_datafusion;
