//! Grouping, and the keys of groups.

mod coded;
pub(crate) mod group_key;
pub(crate) mod hash_aggregate;
pub(crate) mod key_numbers;

pub use group_key::GroupKey;
pub use hash_aggregate::{AggregateColumn, AggregatePhase, HashAggregateExec};

#[cfg(test)]
mod tests;
