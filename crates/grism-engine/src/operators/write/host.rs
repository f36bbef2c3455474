//! `WriteHost`: what a query that writes asks of the program it runs in.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use grism_core::{Result, Snapshot, Storage, WriteTarget};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::Rewrites;

use super::recorder::ReadPlace;
use crate::{CancellationHandle, ExecutionResult, RuntimeConfig};

/// The storage that is written to, and the runtime that reads for a write.
#[async_trait]
pub trait WriteHost: Debug + Send + Sync {
    /// The graph that is written to.
    fn storage(&self) -> &Arc<dyn Storage>;

    /// No changes yet, on top of a snapshot of the storage.
    fn begin(&self, snapshot: Arc<dyn Snapshot>) -> Box<dyn WriteTarget>;

    /// The rewrites that plans for reads go through.
    fn rewrites(&self) -> &Rewrites;

    /// The rows of an optimized plan over the graph as `snapshot` shows it, until `cancellation`; `settings` are those of the
    /// statement, with what this plan may take of them.
    ///
    /// # Errors
    /// Those of the planner, and what goes wrong before the first batch.
    async fn read(
        &self,
        plan: &LogicalPlan,
        place: ReadPlace,
        snapshot: Arc<dyn Snapshot>,
        settings: RuntimeConfig,
        cancellation: &CancellationHandle,
    ) -> Result<ExecutionResult>;
}
