//! Aggregates over rows, and the functions of collected lists that some of them are.

mod aggregate;
mod aggregate_ref;
mod fold;
mod over_list;
mod spread;

pub use aggregate_ref::AggregateRef;
pub use fold::AggregateFunction;
pub use over_list::{
    AVG_OF, DISTINCT_OF, PERCENTILE_CONT, PERCENTILE_DISC, ST_DEV, ST_DEV_P, SUM_OF,
};

use crate::Function;

/// The functions of the family.
pub(crate) const FUNCTIONS: &[&[&Function]] = &[
    aggregate::FUNCTIONS,
    spread::FUNCTIONS,
    over_list::FUNCTIONS,
];
