//! Where a query that writes reads and writes: on this machine, in a transaction of the storage.

use std::sync::Arc;

use grism_core::{Result, Snapshot, Storage, WriteTarget};
use grism_engine::operators::write::WriteHost;
use grism_engine::{
    CancellationHandle, PhysicalPlan, PlannerConfig, RecordBatchStream, RuntimeConfig,
};
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::Rewrites;
use grism_storage::Transaction;

use crate::query::QueryOptions;

/// Writes through transactions of a storage, and reads with the local planner and executor.
#[derive(Debug)]
pub(super) struct LocalWrites {
    storage: Arc<dyn Storage>,
    /// The storage with the tables that the query may read.
    readable: Arc<dyn Storage>,
    rewrites: Rewrites,
    planner: LocalPhysicalPlanner,
}

impl LocalWrites {
    pub(super) fn new(storage: &Arc<dyn Storage>, options: &QueryOptions) -> Self {
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
            threads: options.runtime.workers(),
        });
        Self {
            storage: Arc::clone(storage),
            readable: options.tables.over(storage),
            rewrites: options.rewrites.clone(),
            planner,
        }
    }
}

impl WriteHost for LocalWrites {
    fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    fn begin(&self, snapshot: Arc<dyn Snapshot>) -> Box<dyn WriteTarget> {
        Box::new(Transaction::new(snapshot))
    }

    fn rewrites(&self) -> &Rewrites {
        &self.rewrites
    }

    fn plan(&self, plan: &LogicalPlan) -> Result<PhysicalPlan> {
        self.planner.plan(plan)
    }

    fn read(
        &self,
        plan: PhysicalPlan,
        snapshot: Arc<dyn Snapshot>,
        settings: RuntimeConfig,
        cancellation: &CancellationHandle,
    ) -> Result<RecordBatchStream> {
        let executor = LocalExecutor::with_config(settings).with_cancellation(cancellation.clone());
        let run = executor.execute_at(plan, Arc::clone(&self.readable), snapshot)?;
        Ok(run.into_stream())
    }
}
