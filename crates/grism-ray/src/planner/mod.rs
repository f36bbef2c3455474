//! The distributed planner: inserts exchanges where data must move, and says why.

mod aggregate;
mod config;
mod distributed_planner;
mod insert_exchanges;
mod join;
mod placed;
mod route;
mod sort;
mod union;

pub use config::DistributedPlannerConfig;
pub use distributed_planner::DistributedPlanner;
