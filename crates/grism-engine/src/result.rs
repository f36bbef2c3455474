//! `ExecutionResult`: what comes of a plan, whichever runtime runs it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt, TryStreamExt};
use grism_core::{CancelOnDrop, CancellationHandle, Error, Result};

use crate::{PhysicalSchema, RecordBatchStream, RunHandle};

/// The rows of a run as they come, and the run.
///
/// Dropping it, or the stream that was taken from it, stops the run. So do its [`CancellationHandle`] and its deadline, both of
/// which end the stream with `Cancelled` at once, whatever the operators wait for.
pub struct ExecutionResult {
    schema: PhysicalSchema,
    stream: RecordBatchStream,
    run: RunHandle,
}

impl ExecutionResult {
    /// The result of `run`, whose batches are those of `stream`.
    #[must_use]
    pub fn new(schema: PhysicalSchema, stream: RecordBatchStream, run: RunHandle) -> Self {
        let handle = run.cancellation();
        let running = RunningStream {
            inner: Some((stream, CancelOnDrop::new(handle.clone()))),
            stopped: Box::pin(async move { handle.cancelled().await }),
            run: run.clone(),
        };
        Self {
            schema,
            stream: Box::pin(running),
            run,
        }
    }

    /// A result of rows that are known already.
    #[must_use]
    pub fn of_batches(
        schema: PhysicalSchema,
        batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Self {
        let run = RunHandle::new(CancellationHandle::default(), 1);
        Self::new(schema, futures::stream::iter(batches).boxed(), run)
    }

    /// The result's columns.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    /// What can be asked about the run, also after the result was read.
    #[must_use]
    pub fn run(&self) -> &RunHandle {
        &self.run
    }

    /// Stops the run from elsewhere.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.run.cancellation()
    }

    /// The batches, as they come.
    #[must_use]
    pub fn into_stream(self) -> RecordBatchStream {
        self.stream
    }

    /// The same result with something that is kept as long as its stream is.
    #[must_use]
    pub fn holding<T: Send + 'static>(mut self, held: T) -> Self {
        let keep = move |batch| {
            let _ = &held;
            batch
        };
        self.stream = self.stream.map(keep).boxed();
        self
    }

    /// All batches.
    ///
    /// # Errors
    /// What goes wrong while the plan runs.
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

/// The stream of a run: ends where the run has to stop, and stops the run where it is dropped.
struct RunningStream {
    /// `None` once the run has ended, so that what it held is given back. The stream goes before the guard cancels what the
    /// stream does not own.
    inner: Option<(RecordBatchStream, CancelOnDrop)>,
    stopped: Pin<Box<dyn Future<Output = Error> + Send>>,
    run: RunHandle,
}

impl Stream for RunningStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.inner.is_none() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(error) = self.stopped.as_mut().poll(context) {
            self.inner = None;
            return Poll::Ready(Some(Err(error)));
        }
        let Some((stream, _)) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = stream.as_mut().poll_next(context);
        match &polled {
            Poll::Ready(Some(Ok(batch))) => {
                self.run
                    .note_batch(batch.num_rows(), batch.get_array_memory_size());
            }
            Poll::Ready(Some(Err(_))) => self.inner = None,
            Poll::Ready(None) => {
                self.run.note_end();
                self.inner = None;
            }
            Poll::Pending => {}
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use grism_core::ErrorKind;
    use grism_logical::PlanSchema;

    use super::*;

    /// A result whose stream never has a batch.
    fn stuck(cancellation: CancellationHandle) -> ExecutionResult {
        let schema = PhysicalSchema::from(PlanSchema::default());
        let run = RunHandle::new(cancellation, 1);
        ExecutionResult::new(schema, futures::stream::pending().boxed(), run)
    }

    #[tokio::test]
    async fn a_deadline_ends_a_stream_that_waits() {
        let soon = Instant::now() + Duration::from_millis(30);
        let result = stuck(CancellationHandle::with_deadline(Some(soon)));
        let error = result.collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(soon.elapsed() < Duration::from_millis(200));
    }

    #[tokio::test]
    async fn cancelling_ends_a_stream_that_waits() {
        let result = stuck(CancellationHandle::default());
        let handle = result.cancellation();
        let reading = tokio::spawn(result.collect());
        tokio::task::yield_now().await;
        handle.cancel();
        assert_eq!(
            reading.await.unwrap().unwrap_err().kind(),
            ErrorKind::Cancelled
        );
    }

    #[tokio::test]
    async fn dropping_the_result_or_its_stream_stops_the_run() {
        let program = CancellationHandle::default();
        let (first, second) = (program.child(None), program.child(None));
        drop(stuck(first.clone()));
        let stream = stuck(second.clone()).into_stream();
        assert!(first.is_cancelled() && !second.is_cancelled());
        drop(stream);
        assert!(second.is_cancelled() && !program.is_cancelled());
    }
}
