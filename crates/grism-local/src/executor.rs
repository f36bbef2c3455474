//! `LocalExecutor`: runs a plan on this machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grism_core::{Result, Snapshot, SnapshotId, Storage};
use grism_engine::{
    CancellationHandle, ExecutionContextTrait, MemoryManager, MetricsSink, OperatorId,
    PhysicalPlan, PoolMemoryManager, QueryContext, QueryMetrics, RuntimeConfig, new_query_id, run,
};

use crate::{ExecutionResult, LocalExecutionContext, process_memory};

/// Runs physical plans on this machine.
#[derive(Clone, Debug)]
pub struct LocalExecutor {
    config: RuntimeConfig,
    memory: Arc<dyn MemoryManager>,
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

    /// An executor with these settings. A memory limit of its own gives it a pool of its own.
    #[must_use]
    pub fn with_config(config: RuntimeConfig) -> Self {
        let memory: Arc<dyn MemoryManager> = match config.memory_limit {
            Some(limit) => Arc::new(PoolMemoryManager::new(limit)),
            None => process_memory(),
        };
        Self { config, memory }
    }

    /// The memory its queries share.
    #[must_use]
    pub fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
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
        let metrics: Arc<dyn MetricsSink> =
            Arc::new(QueryMetrics::of(&plan.root, OperatorId::default()));
        let span = tracing::info_span!("query", query_id = new_query_id());
        let _entered = span.enter();
        let query = QueryContext::new(
            storage,
            snapshot,
            Arc::clone(&self.memory),
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
