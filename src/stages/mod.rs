//! Queries in stages: planned, run in this process or on Ray, and described. The feature `ray` brings them; without it they are
//! refused by name.

mod description;
#[cfg(feature = "ray")]
mod planned_query;
mod setting;
#[cfg(feature = "ray")]
mod shipped_tables;
#[cfg(feature = "ray")]
mod staged_query;
#[cfg(not(feature = "ray"))]
mod without_ray;

#[cfg(feature = "ray")]
pub(crate) use description::ExchangeDescription;
pub(crate) use description::{InputDescription, StageDescription};
#[cfg(feature = "ray")]
pub use planned_query::PlannedQuery;
pub use setting::StageSetting;
#[cfg(feature = "ray")]
pub(crate) use staged_query::StagedQuery;
#[cfg(not(feature = "ray"))]
pub(crate) use without_ray::StagedQuery;
