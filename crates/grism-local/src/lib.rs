//! One machine: a planner that inserts no exchange, and an executor that pulls batches.

mod context;
mod executor;
mod planner;

pub use context::LocalExecutionContext;
pub use executor::LocalExecutor;
pub use planner::LocalPhysicalPlanner;
