//! `DistributedQuery`: the scheduler of one query, for a driver that speaks JSON.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use grism::distributed::{
    Event, Scheduler, SchedulerConfig, TaskInput, TaskRef, TaskSpec, slot_count, slot_of,
};
use grism::{
    DistributedPlan, Error, Graph, ImageSource, PlannedQuery, QueryOptions, RayExecutorConfig,
    RuntimeConfig, SnapshotId, StorageDescriptor,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bundle::Bundle;
use crate::error::to_python;

/// A planned query and its scheduler. Events go in and actions come out, both as JSON.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct DistributedQuery {
    plan: Arc<DistributedPlan>,
    schema: SchemaRef,
    storage: StorageDescriptor,
    snapshot: SnapshotId,
    commit: String,
    runtime: RuntimeConfig,
    /// When the query must have ended.
    deadline: Option<Instant>,
    scheduler: Mutex<Scheduler>,
    /// When the scheduler was told the first event.
    begun: OnceLock<Instant>,
    warnings: Vec<String>,
    image: Option<Py<Bundle>>,
}

impl DistributedQuery {
    fn new(
        plan: DistributedPlan,
        schema: SchemaRef,
        storage: StorageDescriptor,
        (snapshot, commit): (SnapshotId, String),
        runtime: RuntimeConfig,
        ray: &RayExecutorConfig,
    ) -> Self {
        let config = SchedulerConfig {
            resource_timeout_ms: ray.resource_timeout_ms,
            tasks_per_worker: ray.threads.unwrap_or(1).max(1),
            ..SchedulerConfig::default()
        };
        let scheduler = Mutex::new(Scheduler::new(&plan, config));
        Self {
            plan: Arc::new(plan),
            schema,
            storage,
            snapshot,
            commit,
            deadline: runtime.deadline(),
            runtime,
            scheduler,
            begun: OnceLock::new(),
            warnings: Vec::new(),
            image: None,
        }
    }

    /// A query of `graph`, which travels with it where it is in memory.
    pub(crate) fn of(
        py: Python<'_>,
        graph: &Graph,
        planned: PlannedQuery,
        options: &QueryOptions,
    ) -> PyResult<Self> {
        let storage = graph.storage();
        let image = match ImageSource::of(storage.as_ref(), planned.snapshot).map_err(to_python)? {
            ImageSource::Open => None,
            ImageSource::Bytes(bytes) => Some(Py::new(py, Bundle::new(bytes.into()))?),
        };
        let schema = planned.arrow_schema();
        let query = Self::new(
            planned.plan,
            schema,
            storage.descriptor(),
            (planned.snapshot, planned.commit),
            options.runtime.clone(),
            &options.ray,
        );
        Ok(Self {
            warnings: planned.warnings,
            image,
            ..query
        })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// The time that is left, which a task on another machine has.
fn milliseconds_until(deadline: Instant) -> u64 {
    let left = deadline.saturating_duration_since(Instant::now());
    u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
}

fn internal(error: impl std::fmt::Display) -> PyErr {
    to_python(Error::internal(error.to_string()))
}

#[pymethods]
impl DistributedQuery {
    /// Takes in an event and returns a list of actions.
    fn handle(&self, event: &str) -> PyResult<String> {
        let event: Event = serde_json::from_str(event).map_err(internal)?;
        let mut scheduler = self
            .scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.begun.get_or_init(Instant::now).elapsed();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        serde_json::to_string(&scheduler.handle_at(now_ms, event)).map_err(internal)
    }

    /// What a worker needs to run a task, and the slot of each input that it reads.
    fn task(
        &self,
        py: Python<'_>,
        query_id: &str,
        launch: &str,
        workers: usize,
    ) -> PyResult<(Py<PyBytes>, Vec<usize>, usize)> {
        #[derive(serde::Deserialize)]
        struct Launch {
            task: TaskRef,
            bounds: Vec<Option<Vec<Vec<u8>>>>,
        }
        let launch: Launch = serde_json::from_str(launch).map_err(internal)?;
        let stage = self
            .plan
            .stages
            .get(launch.task.stage)
            .ok_or_else(|| internal("a task of no stage"))?;
        let mut slots = Vec::new();
        let mut inputs = Vec::new();
        for (spec, bounds) in stage.inputs.iter().zip(launch.bounds) {
            let written = self.plan.stages[spec.stage_id].written_partitions();
            let partition = if written > 1 { launch.task.task } else { 0 };
            slots.push(slot_of(partition, written, slot_count(written, workers)));
            inputs.push(TaskInput {
                spec: spec.clone(),
                written,
                bounds,
            });
        }
        let spec = TaskSpec {
            query_id: query_id.to_owned(),
            stage: stage.clone(),
            task: launch.task.task,
            attempt: launch.task.attempt,
            workers,
            inputs,
            storage: self.storage.clone(),
            snapshot: self.snapshot,
            commit: self.commit.clone(),
            runtime: RuntimeConfig {
                timeout_ms: self.deadline.map(milliseconds_until),
                ..self.runtime.clone()
            },
        };
        let bytes = spec.to_bytes().map_err(to_python)?;
        let bundles = slot_count(stage.written_partitions(), workers);
        Ok((PyBytes::new(py, &bytes).unbind(), slots, bundles))
    }

    /// What the tasks did, as JSON.
    fn metrics(&self) -> PyResult<String> {
        let scheduler = self
            .scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&scheduler.metrics()).map_err(internal)
    }

    /// Tasks done and tasks in all.
    fn progress(&self) -> (usize, usize) {
        self.scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .progress()
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The graph, where it is in memory and must travel.
    #[getter]
    fn image(&self, py: Python<'_>) -> Option<Py<Bundle>> {
        self.image.as_ref().map(|image| image.clone_ref(py))
    }

    /// The plan, for `plan_from_request` in a process of the same version.
    #[getter]
    fn plan(&self) -> PyResult<Vec<u8>> {
        self.plan.to_bytes().map_err(to_python)
    }

    /// Where the graph lies.
    #[getter]
    fn uri(&self) -> String {
        self.storage.uri.clone()
    }

    /// The snapshot that is read.
    #[getter]
    fn snapshot(&self) -> u64 {
        self.snapshot.0
    }

    /// The commit that made the snapshot.
    #[getter]
    fn commit(&self) -> String {
        self.commit.clone()
    }
}

/// The query of a request that a Rust program sent to the driver, and its plan.
#[pyfunction]
pub(crate) fn plan_from_request(request: &[u8], plan: &[u8]) -> PyResult<DistributedQuery> {
    #[derive(serde::Deserialize)]
    struct Request {
        storage: StorageDescriptor,
        snapshot: SnapshotId,
        commit: String,
        config: RayExecutorConfig,
        runtime: RuntimeConfig,
    }
    let request: Request = serde_json::from_slice(request).map_err(internal)?;
    let plan = DistributedPlan::from_bytes(plan).map_err(to_python)?;
    let schema = Arc::clone(plan.schema.arrow());
    Ok(DistributedQuery::new(
        plan,
        schema,
        request.storage,
        (request.snapshot, request.commit),
        request.runtime,
        &request.config,
    ))
}
