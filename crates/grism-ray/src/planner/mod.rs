//! The distributed planner: inserts exchanges where data must move, and says why.

mod config;
mod distributed_planner;
mod insert_exchanges;
mod move_rows;
mod placed;

pub use config::DistributedPlannerConfig;
pub use distributed_planner::DistributedPlanner;
