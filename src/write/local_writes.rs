//! Where a query that writes reads and writes: in a transaction of the storage, with plans that run on this machine.

use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{Result, Snapshot, Storage, WriteTarget};
use grism_engine::operators::write::{ReadPlace, WriteHost};
use grism_engine::{CancellationHandle, ExecutionResult, PlannerConfig, RuntimeConfig};
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::Rewrites;
use grism_ray::StagedExecutor;
use grism_storage::Transaction;

use crate::Engine;
use crate::query::{QueryOptions, distributed_planner};
use crate::views::PinnedStorage;

/// Writes through transactions of a storage. It reads with the local planner and executor, and in stages where the engine is
/// [`Engine::Staged`] and nothing is written yet: later reads see changes that no task does.
#[derive(Debug)]
pub(super) struct LocalWrites<'a> {
    storage: Arc<dyn Storage>,
    /// The storage with the tables that the query may read.
    readable: Arc<dyn Storage>,
    options: &'a QueryOptions,
    planner: LocalPhysicalPlanner,
}

impl<'a> LocalWrites<'a> {
    pub(super) fn new(storage: &Arc<dyn Storage>, options: &'a QueryOptions) -> Self {
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
            threads: options.runtime.workers(),
        });
        Self {
            storage: Arc::clone(storage),
            readable: options.tables.over(storage),
            options,
            planner,
        }
    }
}

#[async_trait]
impl WriteHost for LocalWrites<'_> {
    fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    fn begin(&self, snapshot: Arc<dyn Snapshot>) -> Box<dyn WriteTarget> {
        Box::new(Transaction::new(snapshot))
    }

    fn rewrites(&self) -> &Rewrites {
        &self.options.rewrites
    }

    async fn read(
        &self,
        plan: &LogicalPlan,
        place: ReadPlace,
        snapshot: Arc<dyn Snapshot>,
        settings: RuntimeConfig,
        cancellation: &CancellationHandle,
    ) -> Result<ExecutionResult> {
        if self.options.engine == Engine::Staged && place == ReadPlace::Anywhere {
            let plan = distributed_planner(snapshot.as_ref(), self.options).plan(plan)?;
            let storage = Arc::clone(&self.readable);
            let pinned = Arc::new(PinnedStorage::new(storage, snapshot.as_ref()));
            let executor = StagedExecutor::new(settings).with_cancellation(cancellation.clone());
            return executor.execute(plan, pinned, snapshot.id().into()).await;
        }
        let plan = self.planner.plan(plan)?;
        let executor = LocalExecutor::with_config(settings).with_cancellation(cancellation.clone());
        executor.execute_at(plan, Arc::clone(&self.readable), snapshot)
    }
}
