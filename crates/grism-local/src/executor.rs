//! `LocalExecutor`: runs a plan on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{Result, Snapshot, SnapshotSelector, Storage};
use grism_engine::{
    CancellationHandle, ExecutionContextTrait, ExecutionResult, Executor, MetricsSink, OperatorId,
    PhysicalPlan, QueryContext, QueryMetrics, RunHandle, RuntimeConfig, new_query_id, run,
};

use crate::LocalExecutionContext;

/// Runs physical plans on this machine.
#[derive(Clone, Debug)]
pub struct LocalExecutor {
    config: RuntimeConfig,
    cancellation: CancellationHandle,
}

impl Default for LocalExecutor {
    fn default() -> Self {
        Self::new()
    }
}

impl LocalExecutor {
    /// An executor with default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(RuntimeConfig::default())
    }

    /// An executor with these settings. Each query gets a budget, with their memory limit, of its storage's memory.
    #[must_use]
    pub fn with_config(config: RuntimeConfig) -> Self {
        Self {
            config,
            cancellation: CancellationHandle::default(),
        }
    }

    /// The same executor, whose queries stop with `cancellation` too.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationHandle) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Starts `plan` on a snapshot of `storage`. Must be called within a tokio
    /// runtime, whose threads run the plan's pipelines.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; what goes wrong before the first batch.
    pub async fn execute(
        &self,
        plan: PhysicalPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult> {
        let snapshot = storage.snapshot(snapshot).await?;
        self.execute_at(plan, storage, snapshot)
    }

    /// Starts `plan` on an open snapshot, such as that of a transaction.
    ///
    /// # Errors
    /// What goes wrong before the first batch; `Unavailable` where an operator needs a resource that the settings do not name.
    pub fn execute_at(
        &self,
        plan: PhysicalPlan,
        storage: Arc<dyn Storage>,
        snapshot: Arc<dyn Snapshot>,
    ) -> Result<ExecutionResult> {
        self.config.resources.check(&plan.root)?;
        let metrics: Arc<dyn MetricsSink> =
            Arc::new(QueryMetrics::of(&plan.root, OperatorId::default()));
        let handle = RunHandle::new(self.cancellation.child(self.config.deadline()), 1)
            .with_operators(Arc::clone(&metrics));
        let span = tracing::info_span!("query", query_id = new_query_id());
        let _entered = span.enter();
        let query = QueryContext::new(
            storage,
            snapshot,
            Some(metrics),
            handle.cancellation(),
            self.config.clone(),
        );
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(LocalExecutionContext::new(query));
        let stream = run(&plan.root, &context)?;
        let schema = plan.root.schema().clone();
        Ok(ExecutionResult::new(schema, stream, handle))
    }
}

#[async_trait]
impl Executor for LocalExecutor {
    type Plan = PhysicalPlan;

    async fn execute(
        &self,
        plan: PhysicalPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult> {
        Self::execute(self, plan, storage, snapshot).await
    }
}
