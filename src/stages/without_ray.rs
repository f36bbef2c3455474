//! `StagedQuery` of a build without the feature `ray`: none can be made.

use std::convert::Infallible;
use std::sync::Arc;

use grism_core::{Result, Snapshot, Storage};
use grism_engine::{CancellationHandle, ExecutionResult};
use grism_logical::LogicalPlan;

use super::StageDescription;
use crate::engine::without_ray;
use crate::query::QueryOptions;

/// A query in stages, which no value is.
pub(crate) struct StagedQuery {
    never: Infallible,
}

impl StagedQuery {
    /// Refuses to plan.
    ///
    /// # Errors
    /// `Unsupported`, with what needs stages.
    pub(crate) fn plan(
        _plan: &LogicalPlan,
        _snapshot: &dyn Snapshot,
        options: &QueryOptions,
    ) -> Result<Self> {
        options.engine.check()?;
        Err(without_ray("EXPLAIN DISTRIBUTED"))
    }

    pub(crate) fn describe(&self) -> Vec<StageDescription> {
        match self.never {}
    }

    pub(crate) async fn run(
        self,
        _plan: &LogicalPlan,
        _storage: Arc<dyn Storage>,
        _snapshot: &dyn Snapshot,
        _options: &QueryOptions,
        _cancellation: CancellationHandle,
    ) -> Result<ExecutionResult> {
        match self.never {}
    }
}
