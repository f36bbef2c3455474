//! What comes of a query: batches as they come, and what can be asked about the run.

use std::fmt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::Result;
use grism_engine::{CancellationHandle, MetricsSink, PhysicalSchema, RecordBatchStream};

/// A running query.
pub struct ExecutionResult {
    schema: PhysicalSchema,
    stream: RecordBatchStream,
    cancellation: CancellationHandle,
    metrics: Arc<dyn MetricsSink>,
}

impl ExecutionResult {
    /// A result of these parts.
    #[must_use]
    pub fn new(
        schema: PhysicalSchema,
        stream: RecordBatchStream,
        cancellation: CancellationHandle,
        metrics: Arc<dyn MetricsSink>,
    ) -> Self {
        Self {
            schema,
            stream,
            cancellation,
            metrics,
        }
    }

    /// The result's columns.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    /// Stops the query from elsewhere.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.cancellation.clone()
    }

    /// What operators did so far.
    #[must_use]
    pub fn metrics(&self) -> Arc<dyn MetricsSink> {
        Arc::clone(&self.metrics)
    }

    /// The batches, as they come.
    #[must_use]
    pub fn into_stream(self) -> RecordBatchStream {
        self.stream
    }

    /// All batches.
    ///
    /// # Errors
    /// What goes wrong while the query runs.
    pub async fn collect(self) -> Result<Vec<RecordBatch>> {
        self.stream.try_collect().await
    }
}

impl fmt::Debug for ExecutionResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutionResult")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
