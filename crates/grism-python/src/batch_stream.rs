//! `BatchStream`: a running query, for Python.

use std::future::Future;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};
use grism::{Error, QueryResult, RecordBatchStream, RunHandle, SnapshotId, WriteCounts};
use pyo3::prelude::*;

use crate::batches::Batches;
use crate::caller::Caller;
use crate::error::to_python;
use crate::runtime::{is_forked, runtime};

/// A running query, batch by batch.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct BatchStream {
    schema: SchemaRef,
    stream: Arc<tokio::sync::Mutex<Option<RecordBatchStream>>>,
    run: RunHandle,
    caller: Caller,
    warnings: Vec<String>,
    load: Option<String>,
    written: Option<WriteCounts>,
    snapshot: Option<SnapshotId>,
}

impl BatchStream {
    /// The stream of a result, whose rows `caller` waits for.
    pub(crate) fn new(result: QueryResult, caller: Caller) -> Self {
        let warnings = result.warnings.iter().map(ToString::to_string).collect();
        let load = result
            .load
            .as_ref()
            .and_then(|report| serde_json::to_string(report).ok());
        Self {
            schema: result.arrow_schema(),
            run: result.run().clone(),
            caller,
            warnings,
            load,
            written: result.written,
            snapshot: result.snapshot,
            stream: Arc::new(tokio::sync::Mutex::new(Some(result.into_stream()))),
        }
    }

    /// Waits for something of the stream, which goes with what it holds where that fails or is interrupted.
    fn wait<T: Send + 'static>(
        &self,
        py: Python<'_>,
        future: impl Future<Output = grism::Result<T>> + Send + 'static,
    ) -> PyResult<T> {
        let found = self.caller.wait(py, future);
        if found.is_err() {
            let stream = Arc::clone(&self.stream);
            runtime()?.spawn(async move { stream.lock().await.take() });
        }
        found
    }
}

impl Drop for BatchStream {
    fn drop(&mut self) {
        // In a forked process the stream's locks may be held by threads that it does not have.
        if is_forked() {
            std::mem::forget(Arc::clone(&self.stream));
            std::mem::forget(self.run.clone());
        }
    }
}

#[pymethods]
impl BatchStream {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Batches>> {
        let stream = Arc::clone(&self.stream);
        let next = async move {
            match stream.lock().await.as_mut() {
                Some(stream) => stream.next().await.transpose(),
                None => Ok(None),
            }
        };
        let batch = self.wait(py, next)?;
        Ok(batch.map(|batch| Batches::new(Arc::clone(&self.schema), vec![batch])))
    }

    /// Reads what is left.
    fn collect(&self, py: Python<'_>) -> PyResult<Batches> {
        let stream = Arc::clone(&self.stream);
        let all = async move {
            match stream.lock().await.take() {
                Some(stream) => stream.try_collect::<Vec<_>>().await,
                None => Ok(Vec::new()),
            }
        };
        let batches = self.wait(py, all)?;
        Ok(Batches::new(Arc::clone(&self.schema), batches))
    }

    /// Stops the query.
    fn cancel(&self) {
        self.run.cancellation().cancel();
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The report of a load, as JSON.
    #[getter]
    fn load(&self) -> Option<String> {
        self.load.clone()
    }

    /// What a query wrote, by name; `None` for one that only reads.
    #[getter]
    fn written(&self) -> Option<Vec<(&'static str, u64)>> {
        self.written.map(|counts| counts.named().to_vec())
    }

    /// The snapshot that a query read.
    #[getter]
    fn snapshot(&self) -> Option<u64> {
        self.snapshot.map(|id| id.0)
    }

    /// What the tasks of a staged run did, as JSON; `None` of a run without stages.
    #[getter]
    fn tasks(&self) -> PyResult<Option<String>> {
        let tasks = self.run.tasks();
        if tasks.is_empty() {
            return Ok(None);
        }
        let text = serde_json::to_string(&tasks);
        text.map(Some)
            .map_err(|error| to_python(Error::internal(error.to_string())))
    }
}
