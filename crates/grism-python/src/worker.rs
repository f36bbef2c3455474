//! `StageWorker`: what a Ray actor holds.

use std::sync::{Arc, Mutex, PoisonError};

use grism::distributed::TaskSpec;
use grism::{
    CancellationHandle, Catalog, Error, InMemoryStorage, MemoryLimit, StageExecutor, Storage,
};
use pyo3::prelude::*;

use crate::bundle::{Bundle, mapped};
use crate::error::to_python;
use crate::runtime::wait;

/// Runs tasks, and keeps graphs open between them.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct StageWorker {
    executor: StageExecutor,
    catalog: Arc<Catalog>,
    running: Mutex<Vec<(String, CancellationHandle)>>,
    /// What storage may hold as long as the worker lives.
    _limit: Option<MemoryLimit>,
}

#[pymethods]
impl StageWorker {
    /// A worker whose tasks may hold `memory_limit` bytes.
    #[new]
    #[pyo3(signature = (memory_limit=None))]
    fn new(memory_limit: Option<usize>) -> Self {
        let runtime = grism::RuntimeConfig {
            memory_limit,
            ..grism::RuntimeConfig::default()
        };
        let executor = StageExecutor::new(Arc::clone(
            grism::LocalExecutor::with_config(runtime).memory(),
        ));
        Self {
            executor,
            catalog: Arc::new(Catalog::new()),
            running: Mutex::default(),
            _limit: memory_limit.map(MemoryLimit::hold),
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
        let cancellation = CancellationHandle::default();
        let lock = || self.running.lock().unwrap_or_else(PoisonError::into_inner);
        lock().push((name.clone(), cancellation.clone()));
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
                            catalog.register(&key, Arc::new(InMemoryStorage::from_image(&image)?))
                        }
                    }
                }
                None => catalog.open_descriptor(&task.storage).await?,
            };
            executor.execute(&task, inputs, storage, handle).await
        };
        let outcome = wait(py, Some(&cancellation), run);
        lock().retain(|(running, _)| running != &name);
        let mut output = outcome?;
        output.statistics.fetch_micros = fetch_micros;
        let statistics = serde_json::to_string(&output.statistics)
            .map_err(|error| to_python(Error::internal(error.to_string())))?;
        Ok((
            output.bundles.into_iter().map(Bundle::new).collect(),
            statistics,
        ))
    }

    /// Stops the tasks of a query that run here.
    fn cancel(&self, query_id: &str) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let prefix = format!("{query_id}/");
        running
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .for_each(|(_, handle)| handle.cancel());
    }
}
