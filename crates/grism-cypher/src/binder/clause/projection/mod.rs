//! WITH and RETURN: what is projected, aggregated, ordered and cut, and the columns of a result.

mod aggregation;
mod early;
mod items;
mod order;
mod project;
mod results;
mod row_count;

pub(crate) use items::ProjectionKind;
pub(super) use items::check_items;
pub(crate) use project::project;
pub(crate) use results::materialize_results;
pub(crate) use row_count::row_count;
