//! `StageWorker`: what a Ray actor holds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use grism::distributed::TaskSpec;
use grism::{
    CancellationHandle, Catalog, Error, InMemoryStorage, PoolMemoryManager, StageExecutor, Storage,
};
use pyo3::prelude::*;

use crate::bundle::{Bundle, mapped};
use crate::error::to_python;
use crate::runtime::wait;

/// Queries that were cancelled are known so many at a time: a task of one may come after its cancellation.
const CANCELLED_QUERIES: usize = 1024;

/// Runs tasks, and keeps graphs open between them.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct StageWorker {
    executor: StageExecutor,
    catalog: Arc<Catalog>,
    running: Mutex<Running>,
}

/// What runs here, and what shall not run any more.
#[derive(Default)]
struct Running {
    /// The handles of tasks by the names of their attempts.
    tasks: Vec<(String, CancellationHandle)>,
    /// Queries that were cancelled, the last one at the end.
    cancelled: VecDeque<String>,
}

#[pymethods]
impl StageWorker {
    /// A worker whose tasks may hold `memory_limit` bytes.
    #[new]
    #[pyo3(signature = (memory_limit=None))]
    fn new(memory_limit: Option<usize>) -> Self {
        let memory = memory_limit.map(|limit| Arc::new(PoolMemoryManager::new(limit)));
        Self {
            executor: StageExecutor::new(),
            catalog: Arc::new(match memory {
                Some(memory) => Catalog::with_memory(memory),
                None => Catalog::new(),
            }),
            running: Mutex::default(),
        }
    }

    /// Runs one task, for whose inputs the worker waited `fetch_micros` microseconds. Returns its bundles and its statistics as
    /// JSON.
    #[pyo3(signature = (spec, inputs, image=None, fetch_micros=0))]
    fn run(
        &self,
        py: Python<'_>,
        spec: &[u8],
        inputs: Vec<Vec<Bound<'_, PyAny>>>,
        image: Option<Bound<'_, PyAny>>,
        fetch_micros: u64,
    ) -> PyResult<(Vec<Bundle>, String)> {
        let task = TaskSpec::from_bytes(spec).map_err(to_python)?;
        let inputs = inputs
            .into_iter()
            .map(|bundles| bundles.iter().map(mapped).collect::<PyResult<Vec<_>>>())
            .collect::<PyResult<Vec<_>>>()?;
        let image = image.map(|image| mapped(&image)).transpose()?;
        let name = format!(
            "{}/{}/{}/{}",
            task.query_id, task.stage.stage_id, task.task, task.attempt
        );
        let cancellation = CancellationHandle::with_deadline(task.runtime.deadline());
        let lock = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = lock();
        if running.cancelled.contains(&task.query_id) {
            cancellation.cancel();
        }
        running.tasks.push((name.clone(), cancellation.clone()));
        drop(running);
        let (executor, catalog, handle) = (
            self.executor.clone(),
            Arc::clone(&self.catalog),
            cancellation.clone(),
        );
        let run = async move {
            let storage: Arc<dyn Storage> = match image {
                Some(image) => {
                    let key = format!("{}#{}", task.storage.uri, task.commit);
                    match catalog.registered(&key) {
                        Some(known) => known,
                        None => {
                            let memory = Arc::clone(catalog.memory());
                            let graph = InMemoryStorage::from_image(&image, memory)?;
                            catalog.register(&key, Arc::new(graph))
                        }
                    }
                }
                None => catalog.open_descriptor(&task.storage).await?,
            };
            executor.execute(&task, inputs, storage, handle).await
        };
        let outcome = wait(py, Some(&cancellation), run);
        lock().tasks.retain(|(running, _)| running != &name);
        let mut output = outcome?;
        output.statistics.fetch_micros = fetch_micros;
        let statistics = serde_json::to_string(&output.statistics)
            .map_err(|error| to_python(Error::internal(error.to_string())))?;
        Ok((
            output.bundles.into_iter().map(Bundle::new).collect(),
            statistics,
        ))
    }

    /// Stops the tasks of a query that run here, and those that come yet.
    fn cancel(&self, query_id: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.cancelled.len() == CANCELLED_QUERIES {
            running.cancelled.pop_front();
        }
        running.cancelled.push_back(query_id.to_owned());
        let prefix = format!("{query_id}/");
        running
            .tasks
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .for_each(|(_, handle)| handle.cancel());
    }
}
