//! `LocalExecutor`: runs a plan on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grism_core::{Result, Snapshot, SnapshotId, Storage};
use grism_engine::{
    CancellationHandle, ExecutionContextTrait, MetricsSink, PhysicalPlan, QueryContext,
    QueryMetrics, RuntimeConfig, run,
};

use crate::{ExecutionResult, LocalExecutionContext};

/// Runs physical plans on this machine.
#[derive(Clone, Debug)]
pub struct LocalExecutor {
    config: RuntimeConfig,
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
        Self { config }
    }

    /// Starts `plan` on a snapshot of `storage`; the default snapshot is the newest. Must be called within a tokio
    /// runtime, whose threads run the plan's pipelines.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; what goes wrong before the first batch.
    pub async fn execute(
        &self,
        plan: PhysicalPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotId,
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
        let deadline = self
            .config
            .timeout_ms
            .map(|timeout| Instant::now() + Duration::from_millis(timeout));
        let cancellation = CancellationHandle::with_deadline(deadline);
        let metrics: Arc<dyn MetricsSink> = Arc::new(QueryMetrics::default());
        let query = QueryContext::new(
            storage,
            snapshot,
            Some(Arc::clone(&metrics)),
            cancellation.clone(),
            self.config.clone(),
        );
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(LocalExecutionContext::new(query));
        let stream = run(&plan.root, &context)?;
        Ok(ExecutionResult::new(
            plan.root.schema().clone(),
            stream,
            cancellation,
            metrics,
        ))
    }
}
