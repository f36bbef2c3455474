//! `BatchStream`: a running query, for Python.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};
use grism::{
    CancellationHandle, Error, QueryResult, RecordBatchStream, SnapshotId, TaskMetrics, WriteCounts,
};
use pyo3::prelude::*;

use crate::batches::Batches;
use crate::error::to_python;
use crate::runtime::{is_forked, wait};

/// A running query, batch by batch.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct BatchStream {
    schema: SchemaRef,
    stream: Arc<tokio::sync::Mutex<Option<RecordBatchStream>>>,
    cancellation: CancellationHandle,
    warnings: Vec<String>,
    load: Option<String>,
    written: Option<WriteCounts>,
    snapshot: Option<SnapshotId>,
    tasks: Arc<Mutex<Vec<TaskMetrics>>>,
}

impl BatchStream {
    pub(crate) fn new(result: QueryResult) -> Self {
        let warnings = result.warnings.iter().map(ToString::to_string).collect();
        let load = result
            .load
            .as_ref()
            .and_then(|report| serde_json::to_string(report).ok());
        Self {
            schema: result.arrow_schema(),
            cancellation: result.cancellation(),
            warnings,
            load,
            written: result.written,
            snapshot: result.snapshot,
            tasks: Arc::clone(&result.tasks),
            stream: Arc::new(tokio::sync::Mutex::new(Some(result.into_stream()))),
        }
    }
}

impl Drop for BatchStream {
    fn drop(&mut self) {
        // In a forked process the stream's locks may be held by threads that it does not have.
        if is_forked() {
            std::mem::forget(Arc::clone(&self.stream));
            std::mem::forget(self.cancellation.clone());
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
        let batch = wait(py, Some(&self.cancellation), next)?;
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
        let batches = wait(py, Some(&self.cancellation), all)?;
        Ok(Batches::new(Arc::clone(&self.schema), batches))
    }

    /// Stops the query.
    fn cancel(&self) {
        self.cancellation.cancel();
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

    /// What the tasks of a staged run did, as JSON.
    #[getter]
    fn tasks(&self) -> PyResult<String> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*tasks)
            .map_err(|error| to_python(Error::internal(error.to_string())))
    }
}
