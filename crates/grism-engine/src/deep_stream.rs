//! Streams of operators over operators, as deep as plans are.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use arrow::record_batch::RecordBatch;
use futures::Stream;
use grism_core::{BatchStream, Result, with_stack};
use tokio::task::unconstrained;

/// After how many batches a stream lets other tasks of its thread run.
const TURN: usize = 16;

/// `stream`, which may be polled and dropped however many streams it is made of.
pub(crate) fn deep_stream(stream: BatchStream) -> BatchStream {
    Box::pin(DeepStream {
        inner: Some(stream),
        batches: 0,
    })
}

/// A stream that polls another, each at one level of a plan. Both a poll and a drop go down to the leaves.
///
/// DataFusion's streams take a unit of tokio's budget of 128 on the way down. Of a plan that is deeper than that, no poll would
/// ever reach a leaf; so the budget does not count within, and every stream takes turns by itself.
struct DeepStream {
    /// Always there, until it is dropped.
    inner: Option<BatchStream>,
    /// Batches since the last turn of other tasks.
    batches: usize,
}

impl Stream for DeepStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.batches >= TURN {
            self.batches = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let polled = with_stack(|| {
            let next = poll_fn(|context| inner.as_mut().poll_next(context));
            pin!(unconstrained(next)).poll(context)
        });
        if matches!(polled, Poll::Ready(Some(_))) {
            self.batches += 1;
        }
        polled
    }
}

impl Drop for DeepStream {
    fn drop(&mut self) {
        let inner = self.inner.take();
        with_stack(move || drop(inner));
    }
}
