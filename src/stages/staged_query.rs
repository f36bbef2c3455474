//! `StagedQuery`: a query in stages, which runs in this process or on Ray.

use std::sync::Arc;

use grism_core::{Result, Snapshot, Storage};
use grism_engine::{CancellationHandle, ExecutionResult, Executor, RuntimeConfig};
use grism_logical::LogicalPlan;
use grism_ray::{
    DistributedPlan, DistributedPlanner, ExecutionStage, RayExecutor, StagedExecutor,
    check_runtime, exchange_name, output_name, stage_text,
};

use super::shipped_tables::check_ships;
use super::{ExchangeDescription, InputDescription, StageDescription};
use crate::Engine;
use crate::query::QueryOptions;
use crate::views::PinnedStorage;

/// A query in stages.
pub(crate) struct StagedQuery {
    pub(super) plan: DistributedPlan,
}

impl StagedQuery {
    /// Plans an optimized query by the statistics of the snapshot.
    ///
    /// # Errors
    /// `Unsupported` for what does not run in stages.
    pub(crate) fn plan(
        plan: &LogicalPlan,
        snapshot: &dyn Snapshot,
        options: &QueryOptions,
    ) -> Result<Self> {
        let planner = DistributedPlanner::with_config(options.distributed.clone())
            .with_statistics(Arc::clone(snapshot.statistics()), snapshot.segment_shift());
        let plan = planner.plan(plan)?;
        Ok(Self { plan })
    }

    /// The stages, to be shown.
    pub(crate) fn describe(&self) -> Vec<StageDescription> {
        self.plan.stages.iter().map(described).collect()
    }

    /// Runs the stages of the query whose optimized plan is `plan`: on Ray where `options` say so, else in this process.
    ///
    /// # Errors
    /// What a run can meet; `Unsupported` for a plan or settings that Ray cannot honour.
    pub(crate) async fn run(
        self,
        plan: &LogicalPlan,
        storage: Arc<dyn Storage>,
        snapshot: &dyn Snapshot,
        options: &QueryOptions,
        cancellation: CancellationHandle,
    ) -> Result<ExecutionResult> {
        let runtime = options.runtime.clone();
        if options.engine != Engine::Ray {
            return self
                .run_here(storage, snapshot, runtime, cancellation)
                .await;
        }
        check_for_ray(plan, options)?;
        let pinned = Arc::new(PinnedStorage::new(storage, snapshot));
        let executor = RayExecutor::with_config(options.ray.clone())
            .with_runtime(runtime)
            .with_cancellation(cancellation);
        Executor::execute(&executor, self.plan, pinned, snapshot.id().into()).await
    }

    /// Runs the stages in this process.
    ///
    /// # Errors
    /// What a run can meet.
    pub(crate) async fn run_here(
        self,
        storage: Arc<dyn Storage>,
        snapshot: &dyn Snapshot,
        runtime: RuntimeConfig,
        cancellation: CancellationHandle,
    ) -> Result<ExecutionResult> {
        // Tasks open the snapshot by its number, which must not be one of another graph by then.
        let pinned = Arc::new(PinnedStorage::new(storage, snapshot));
        let executor = StagedExecutor::new(runtime).with_cancellation(cancellation);
        let run = executor.execute(self.plan, pinned, snapshot.id().into());
        run.await
    }
}

/// Checks that a plan and its settings are such as Ray can run.
///
/// # Errors
/// `Unsupported`, with what to do.
pub(super) fn check_for_ray(plan: &LogicalPlan, options: &QueryOptions) -> Result<()> {
    check_runtime(&options.runtime)?;
    check_ships(&options.tables, plan)
}

fn described(stage: &ExecutionStage) -> StageDescription {
    let inputs = stage.inputs.iter().map(|input| InputDescription {
        stage_id: input.stage_id,
        mode: input.mode,
        exchange: exchange_name(input.mode, &input.partitioning),
    });
    let exchange = stage.output.as_ref().map(|output| ExchangeDescription {
        name: exchange_name(output.mode, &output.partitioning),
        reason: output.reason.clone(),
    });
    let text = stage_text(stage);
    StageDescription {
        stage_id: stage.stage_id,
        root: Arc::clone(&stage.plan.root),
        first_operator: stage.first_operator,
        tasks: stage.tasks,
        resources: stage.resources.clone(),
        inputs: inputs.collect(),
        partitioning: output_name(stage),
        exchange,
        notes: stage.notes.clone(),
        head: text.head,
        foot: text.foot,
    }
}
