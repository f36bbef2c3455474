//! `StagedQuery` of a build without the feature `ray`: none can be made.

use std::convert::Infallible;
use std::sync::Arc;

use grism_core::{Result, Snapshot, Storage};
use grism_engine::{CancellationHandle, ExecutionResult, RuntimeConfig};
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

    pub(crate) async fn run_here(
        self,
        _storage: Arc<dyn Storage>,
        _snapshot: &dyn Snapshot,
        _runtime: RuntimeConfig,
        _cancellation: CancellationHandle,
    ) -> Result<ExecutionResult> {
        match self.never {}
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{ErrorKind, Result};

    use crate::{Engine, Graph, QueryOptions, RayConnection, StageSetting};

    async fn run(text: &str, engine: Engine) -> Result<usize> {
        let options = QueryOptions {
            engine,
            ..QueryOptions::default()
        };
        let batches = Graph::in_memory().execute(text, &options).await?;
        let batches = batches.collect().await?;
        Ok(batches.iter().map(|batch| batch.num_rows()).sum())
    }

    #[tokio::test]
    async fn what_needs_stages_is_refused_by_its_name_and_that_of_the_feature() {
        let explain = "EXPLAIN DISTRIBUTED RETURN 1";
        for (text, engine, name) in [
            ("RETURN 1", Engine::Staged, "`staged`"),
            ("CREATE (:A)", Engine::Ray, "`ray`"),
            (explain, Engine::Local, "EXPLAIN DISTRIBUTED"),
        ] {
            let error = run(text, engine).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            let message = error.message();
            assert!(message.contains(name), "{message}");
            assert!(message.contains("the feature `ray`"), "{message}");
        }
        let setting = StageSetting::Partitions(3);
        let error = QueryOptions::default().set(setting).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("`partitions`"), "{error}");
    }

    #[tokio::test]
    async fn a_query_runs_on_the_threads_of_the_process() {
        let text = "UNWIND [1, 2] AS x RETURN x";
        for engine in [Engine::Local, Engine::Auto] {
            assert_eq!(run(text, engine).await.unwrap(), 2);
        }
        let connected = RayConnection::Connected;
        let chosen = Graph::in_memory().engine_for(Engine::Auto, connected).await;
        assert_eq!(chosen.unwrap(), Engine::Local);
        let refused = Graph::in_memory().engine_for(Engine::Ray, connected).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
