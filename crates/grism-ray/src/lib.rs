//! The distributed runtime: exchanges, stages, the scheduler, and what runs a stage. Ray orchestrates, Rust executes.

mod bundle;
mod exchange;
mod executor;
mod explain;
mod input_place;
mod planner;
mod ray_config;
mod ray_driver;
mod ray_executor;
mod runner;
mod scheduler;
mod split;
mod stage;
mod task;
mod travel;
mod validate;

pub use bundle::{bundle_partitions, read_partition, write_bundles};
pub use exchange::ExchangeExec;
pub use executor::{StageExecutor, TaskOutput};
pub use explain::{StageText, exchange_name, explain_distributed, output_name, stage_text};
pub use planner::{DistributedPlanner, DistributedPlannerConfig};
pub use ray_config::{RayExecutorConfig, check_runtime};
pub use ray_executor::RayExecutor;
pub use runner::StagedExecutor;
pub use scheduler::{Action, Event, Scheduler, SchedulerConfig, TaskRef};
pub use split::split_into_stages;
pub use stage::{
    DistributedPlan, ExecutionStage, PhysicalSubPlan, StageInputSpec, StageOutput, slot_count,
    slot_of,
};
pub use task::{TaskInput, TaskSpec, TaskStatistics};
pub use validate::validate;
