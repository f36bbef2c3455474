//! Function calls: which functions there are, and how calls of each family are bound.

mod aggregate;
mod call;
mod catalog;

pub(super) use call::bind_function;
pub(crate) use catalog::is_aggregate;

pub use catalog::{FunctionInfo, functions};
