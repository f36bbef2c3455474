//! The stream of an operator, with its time measured and its span entered.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use arrow::record_batch::RecordBatch;
use futures::Stream;
use grism_core::{BatchStream, Error, FailedOperator, Result, batch_bytes};
use tracing::Span;

use super::operator_meter::{OperatorMeter, nanos};
use crate::{PhysicalOperator, QueryContext};

/// What `start` gives, and its stream, as work of `operator`, which errors of both name.
///
/// # Errors
/// Those of `start`.
pub(crate) fn metered_stream(
    operator: &Arc<dyn PhysicalOperator>,
    meter: Arc<OperatorMeter>,
    query: &QueryContext,
    start: impl FnOnce() -> Result<BatchStream>,
) -> Result<BatchStream> {
    let span = tracing::debug_span!(
        parent: &query.span,
        "operator",
        operator = meter.id().0,
        name = operator.name()
    );
    let begun = Begun::new(&meter, &span);
    let stream = start();
    drop(begun);
    Ok(Box::pin(MeteredStream {
        inner: stream.map_err(|error| failed_in(error, operator, &meter))?,
        operator: Arc::clone(operator),
        meter,
        span,
        pending_since: None,
    }))
}

/// The error, which arose in an operator; it keeps the one within that it arose in before.
fn failed_in(error: Error, operator: &Arc<dyn PhysicalOperator>, meter: &OperatorMeter) -> Error {
    error.in_operator(|| FailedOperator {
        id: meter.id().0,
        name: operator.shown_name().to_owned(),
        detail: operator.describe(),
    })
}

/// A stream whose polls are the work of one operator. Only time within polls is work; time until the next poll, where there
/// is no batch yet, is waiting.
struct MeteredStream {
    inner: BatchStream,
    operator: Arc<dyn PhysicalOperator>,
    meter: Arc<OperatorMeter>,
    span: Span,
    pending_since: Option<Instant>,
}

/// A stretch of work: the operator's meter and span are those of the thread.
struct Begun<'a> {
    meter: &'a OperatorMeter,
    since: Instant,
    active: grism_core::ActiveMeter,
    _span: tracing::span::Entered<'a>,
}

impl<'a> Begun<'a> {
    fn new(meter: &'a Arc<OperatorMeter>, span: &'a Span) -> Self {
        meter.begin();
        Self {
            since: Instant::now(),
            active: meter.meter().activate(),
            _span: span.enter(),
            meter,
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let busy = self.since.elapsed();
        self.meter.end(busy);
        // The operator that polled this one, on this thread.
        if let Some(outer) = self.active.before() {
            outer.nested(nanos(busy));
        }
    }
}

impl Stream for MeteredStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let begun = Begun::new(&this.meter, &this.span);
        if let Some(pending_since) = this.pending_since.take() {
            this.meter.waited(begun.since - pending_since);
        }
        let polled = this.inner.as_mut().poll_next(context);
        let failed = |error| failed_in(error, &this.operator, &this.meter);
        let polled = polled.map(|found| found.map(|batch| batch.map_err(failed)));
        match &polled {
            Poll::Ready(Some(Ok(batch))) => {
                this.meter.output(batch.num_rows(), batch_bytes(batch));
            }
            Poll::Ready(Some(Err(error))) => tracing::debug!(%error, "failed"),
            Poll::Ready(None) => tracing::debug!(rows = this.meter.metrics().rows, "done"),
            Poll::Pending => {}
        }
        drop(begun);
        if polled.is_pending() {
            this.pending_since = Some(Instant::now());
        }
        polled
    }
}
