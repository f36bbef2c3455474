//! From logical operators to physical ones: what both runtimes' planners start from.

mod aggregate;
mod build;
mod columns;
mod physical_planner;
mod subplan;

pub use build::build_operators;
pub use physical_planner::PhysicalPlanner;

#[cfg(test)]
mod tests;
