//! Streams of operators over operators, as deep as plans are.

use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::record_batch::RecordBatch;
use futures::Stream;
use grism_core::{BatchStream, Result, with_stack};

/// `stream`, which may be polled and dropped however many streams it is made of.
pub(crate) fn deep_stream(stream: BatchStream) -> BatchStream {
    Box::pin(DeepStream {
        inner: Some(stream),
    })
}

/// A stream that polls another, each at one level of a plan. Both a poll and a drop go down to the leaves.
struct DeepStream {
    /// Always there, until it is dropped.
    inner: Option<BatchStream>,
}

impl Stream for DeepStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.inner {
            Some(inner) => with_stack(|| inner.as_mut().poll_next(context)),
            None => Poll::Ready(None),
        }
    }
}

impl Drop for DeepStream {
    fn drop(&mut self) {
        let inner = self.inner.take();
        with_stack(move || drop(inner));
    }
}
