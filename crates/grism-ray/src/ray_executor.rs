//! `RayExecutor`: a plan on a Ray cluster, through the Python driver.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, SnapshotId, SnapshotSelector, Storage, StorageDescriptor};
use grism_engine::{CancellationHandle, ExecutionResult, Executor, RunHandle, RuntimeConfig};
use serde::Serialize;

use crate::ray_driver::RayDriver;
use crate::runner::read_bundle;
use crate::{DistributedPlan, RayExecutorConfig, check_runtime};

/// Runs plans on Ray.
#[derive(Clone, Debug, Default)]
pub struct RayExecutor {
    config: RayExecutorConfig,
    runtime: RuntimeConfig,
    cancellation: CancellationHandle,
}

#[derive(Serialize)]
struct Request<'a> {
    storage: StorageDescriptor,
    snapshot: SnapshotId,
    commit: &'a str,
    config: &'a RayExecutorConfig,
    runtime: &'a RuntimeConfig,
}

impl RayExecutor {
    /// An executor for the cluster at `address`.
    ///
    /// # Errors
    /// `InvalidQuery` for an empty address. Whether the cluster answers is told by the first query.
    pub fn connect(address: &str) -> Result<Self> {
        if address.is_empty() {
            return Err(Error::invalid_query(
                "the address of the Ray cluster is empty; `auto` and `local` are known",
            ));
        }
        Ok(Self::with_config(RayExecutorConfig {
            address: address.to_owned(),
            ..RayExecutorConfig::default()
        }))
    }

    /// An executor with these settings.
    #[must_use]
    pub fn with_config(config: RayExecutorConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// The same executor with these settings of a run: the batch size and the time limit of the query, and the memory limit of each
    /// worker. The threads of a worker are [`RayExecutorConfig::threads`], and those of the settings count on one machine only.
    #[must_use]
    pub fn with_runtime(mut self, runtime: RuntimeConfig) -> Self {
        self.runtime = runtime;
        self
    }

    /// The same executor, whose queries stop with `cancellation` too.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationHandle) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Runs `plan` on the newest snapshot of `storage`.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    pub async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
    ) -> Result<ExecutionResult> {
        Executor::execute(self, plan, storage, SnapshotSelector::Newest).await
    }
}

#[async_trait]
impl Executor for RayExecutor {
    type Plan = DistributedPlan;

    /// Runs `plan` on a snapshot of `storage`. The driver starts when the first batch is asked for, so that a cluster that does
    /// not answer is told by the stream.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot; `Unsupported` for a graph in memory, which only the Python session ships, and
    /// for settings that Ray does not honour.
    async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotSelector,
    ) -> Result<ExecutionResult> {
        check_runtime(&self.runtime)?;
        let snapshot = storage.snapshot(snapshot).await?;
        if storage.image(snapshot.id()).is_some() {
            return Err(Error::unsupported(
                "a graph in memory on Ray from Rust is not supported yet; keep it on disk",
            ));
        }
        let request = Request {
            storage: storage.descriptor(),
            snapshot: snapshot.id(),
            commit: snapshot.commit(),
            config: &self.config,
            runtime: &self.runtime,
        };
        let request =
            serde_json::to_vec(&request).map_err(|error| Error::internal(error.to_string()))?;
        let request = [request, plan.to_bytes()?];
        let tasks = plan.stages.iter().map(|stage| stage.tasks).sum();
        let cancellation = self.cancellation.child(self.runtime.deadline());
        let handle = RunHandle::new(cancellation, tasks);
        let (config, own) = (self.config.clone(), handle.clone());
        let started =
            async move { RayDriver::start(&config, request, own).map(RayDriver::bundles) };
        let bundles = futures::stream::once(started).try_flatten();
        let batches = bundles.map_ok(read_bundle).try_flatten();
        Ok(ExecutionResult::new(plan.schema, batches.boxed(), handle))
    }
}
