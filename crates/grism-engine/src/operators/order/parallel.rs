//! `ParallelExec`: one pipeline, run by several threads that take morsels from shared queues.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::record_batch::RecordBatch;
use futures::stream::{self, Fuse, select_all};
use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::late_threads::LateThreads;
use super::sort::sort_columns;
use crate::datafusion::merge_sorted;
use crate::ordering::comma_separated;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema,
    PlanProperties, ReadOrder, RecordBatchStream, Unary, UnaryExec,
};

/// Runs its input on up to `threads` threads at once and unites what they output.
///
/// ```text
///           ┌─ scan → filter → expand ─┐
///  morsels ─┼─ scan → filter → expand ─┼─ batches, in no order
///           └─ scan → filter → expand ─┘
/// ```
///
/// The leaves of the input take their pieces from queues that the threads share, so the outputs add up to the whole. Where each
/// thread sorts its rows, the outputs are merged. A slow consumer slows the threads, since the channels are bounded.
///
/// The input begins on the thread that asks for its rows, and is done there where it takes next to no time (`late_threads.rs`).
#[derive(Debug, Serialize, Deserialize)]
pub struct ParallelExec {
    threads: usize,
    order: ReadOrder,
}

impl ParallelExec {
    /// Runs `input`, a pipeline of operators that are safe in parallel, on `threads` threads, whose outputs are read in this order.
    ///
    /// # Errors
    /// None of its own: the columns are the input's.
    pub fn over(
        input: Arc<dyn PhysicalOperator>,
        threads: usize,
        order: ReadOrder,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        UnaryExec::over(input, Self { threads, order })
    }
}

#[typetag::serde]
impl Unary for ParallelExec {
    fn name(&self) -> &'static str {
        "ParallelExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.clone())
    }

    fn properties(&self, _own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        self.order.read(input, Distribution::Single)
    }

    fn required_input(&self) -> InputRequirement {
        self.order.requirement()
    }

    fn describe(&self) -> String {
        match &self.order {
            ReadOrder::Sequential => format!("Parallel({} threads)", self.threads),
            ReadOrder::Merged(keys) => {
                let keys = comma_separated(keys);
                format!("Parallel({} threads, merged by {keys})", self.threads)
            }
        }
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let (input, schema) = (Arc::clone(own.input()), own.schema().clone());
        let (threads, order) = (self.threads, self.order.clone());
        // Nothing starts before the first batch is asked for, so that a plan that needs no row starts no thread.
        let united = async_stream::try_stream! {
            let threads = LateThreads::new(input, Arc::clone(&context), threads);
            let mut first = threads.begin()?.fuse();
            let mut shared = loop {
                let poll = |polling: &mut Context<'_>| poll_first(&mut first, &threads, &order, polling);
                let progress = poll_fn(poll).await;
                match progress {
                    Progress::Alone(None) => return,
                    Progress::Alone(Some(batch)) => yield batch?,
                    Progress::Shared(batch, mut streams) => {
                        streams.push(stream::iter(batch).chain(first).boxed());
                        break unite(streams, &order, &schema, &context)?;
                    }
                }
            };
            while let Some(batch) = shared.try_next().await? {
                yield batch;
            }
        };
        Ok(united.boxed())
    }
}

/// What comes of a pipeline on the thread that began it.
enum Progress {
    /// A batch, or the end, while it is alone.
    Alone(Option<Result<RecordBatch>>),
    /// Other threads were started, with these outputs, while it made this batch or before.
    Shared(Option<Result<RecordBatch>>, Vec<RecordBatchStream>),
}

/// Polls a pipeline on the thread that began it. Where it waits, as for storage, others may go on.
fn poll_first(
    first: &mut Fuse<RecordBatchStream>,
    threads: &LateThreads,
    order: &ReadOrder,
    polling: &mut Context<'_>,
) -> Poll<Progress> {
    let polled = first.poll_next_unpin(polling);
    match (&polled, order) {
        (Poll::Pending, _) => threads.start(),
        // The rows of threads that start from now on might belong before this batch.
        (Poll::Ready(Some(_)), ReadOrder::Merged(_)) | (Poll::Ready(None), _) => {
            threads.stay_alone();
        }
        (Poll::Ready(Some(_)), ReadOrder::Sequential) => {}
    }
    match (threads.started(), polled) {
        (None, polled) => polled.map(Progress::Alone),
        (Some(streams), Poll::Pending) => Poll::Ready(Progress::Shared(None, streams)),
        (Some(streams), Poll::Ready(batch)) => Poll::Ready(Progress::Shared(batch, streams)),
    }
}

/// The batches of several threads, in their order.
fn unite(
    streams: Vec<RecordBatchStream>,
    order: &ReadOrder,
    schema: &PhysicalSchema,
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<RecordBatchStream> {
    match order {
        ReadOrder::Sequential => Ok(select_all(streams).boxed()),
        ReadOrder::Merged(keys) => {
            let columns = sort_columns(schema, keys)?;
            let task = context.query().task()?;
            merge_sorted(schema.arrow(), streams, &columns, None, &task)
        }
    }
}
