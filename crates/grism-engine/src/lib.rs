//! What a query computes: physical plans and their operators, expressions, memory and metrics. No runtime is known here.

mod batch;
mod binary;
mod commit_attempts;
mod config;
mod context;
mod datafusion;
mod deep_stream;
mod exchange;
mod executor;
mod expr;
mod extension;
mod leaf;
mod metrics;
mod operator;
pub mod operators;
mod ordering;
mod partitioning;
mod plan;
mod planner;
mod properties;
mod resources;
mod result;
mod run_handle;
mod schema;
mod task_metrics;
mod unary;

pub use binary::{Binary, BinaryExec};
pub use commit_attempts::CommitAttempts;
pub use config::{PlannerConfig, RuntimeConfig};
pub use context::{ArgumentContext, ExecutionContextTrait, MorselQueue, QueryContext};
pub use exchange::{Exchange, ExchangeMode, ReadOrder, StageInput};
pub use executor::Executor;
pub use expr::{ExprEvaluator, schema_inference};
pub use extension::{ExtensionNode, extension_over};
pub use grism_core::{
    CancellationHandle, MemoryBudget, MemoryManager, MemoryReservation, PoolMemoryManager,
};
pub use grism_functions::compact_shared;
pub use leaf::Leaf;
pub use metrics::{
    MetricsSink, OperatorId, OperatorIds, OperatorMeter, OperatorMetrics, OperatorRun, OwnTime,
    QueryMetrics, add_metrics, new_query_id,
};
pub use operator::{PhysicalOperator, RecordBatchStream, SubplanRuns, run};
pub use ordering::OrderedBy;
pub use partitioning::{
    PartitioningSpec, RangeBounds, choose_bounds, partition_rows, partition_slice, sample_keys,
};
pub use plan::{ExecutionMode, PhysicalPlan};
pub use planner::{PhysicalPlanner, build_operators};
pub use properties::{
    AcceptedPhase, Distribution, Emission, InputRequirement, OperatorCaps, Phases, PlanProperties,
    RequiredDistribution, StageTasks, derive_properties, unmet_requirement,
};
pub use resources::Resources;
pub use result::ExecutionResult;
pub use run_handle::{Progress, RunHandle};
pub use schema::PhysicalSchema;
pub use task_metrics::TaskMetrics;
pub use unary::{Unary, UnaryExec};

#[cfg(test)]
mod testing;
