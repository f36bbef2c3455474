//! `Executor`: the one way in which every runtime runs a plan.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{Result, SnapshotSelector, Storage};

use crate::ExecutionResult;

/// Runs plans: on this machine, in stages in this process, or on a Ray cluster.
///
/// ```text
///  PhysicalPlan ────► LocalExecutor ──┐
///  DistributedPlan ─► StagedExecutor ─┼─► ExecutionResult
///  DistributedPlan ─► RayExecutor ────┘
/// ```
///
/// Every executor honours its [`RuntimeConfig`](crate::RuntimeConfig), or refuses by name what it cannot honour. Nothing runs
/// before the first batch is asked for, and whatever runs is stopped where the result, or the stream taken from it, is dropped.
#[async_trait]
pub trait Executor: Debug + Send + Sync {
    /// What it runs: operators, or stages of them.
    type Plan;

    /// The result of `plan` on a snapshot of `storage`. Must be called within a tokio
    /// runtime, whose threads run the plan.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `Unavailable` where an operator needs a resource that there is not; what
    /// can be told before the first batch, while the rest comes through the stream.
    async fn execute(
        &self,
        plan: Self::Plan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult>;
}
