//! `ParallelExec`: one pipeline, run by several threads that take morsels from shared queues.

use std::sync::Arc;

use futures::stream::select_all;
use futures::{FutureExt, StreamExt, TryStreamExt};
use grism_core::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::sort::sort_columns;
use crate::datafusion::merge_sorted;
use crate::ordering::comma_separated;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema,
    PlanProperties, ReadOrder, RecordBatchStream, Unary, UnaryExec, run,
};

/// Batches a thread may be ahead of the consumer.
const AHEAD: usize = 4;

/// Runs its input on `threads` threads at once and unites what they output.
///
/// ```text
///           ┌─ scan → filter → expand ─┐
///  morsels ─┼─ scan → filter → expand ─┼─ batches, in no order
///           └─ scan → filter → expand ─┘
/// ```
///
/// The leaves of the input take their pieces from queues that the threads share, so the outputs add up to the whole. Where each
/// thread sorts its rows, the outputs are merged. A slow consumer slows the threads, since the channels are bounded.
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
        // Threads start when the first batch is asked for, so that a plan that needs no row starts none.
        let united = async move {
            let streams = (0..threads).map(|_| spawn(&input, &context));
            let streams: Vec<RecordBatchStream> = streams.collect();
            match order {
                ReadOrder::Sequential => Ok(select_all(streams).boxed()),
                ReadOrder::Merged(keys) => {
                    let columns = sort_columns(&schema, &keys)?;
                    let task = context.query().task()?;
                    merge_sorted(schema.arrow(), streams, &columns, None, &task)
                }
            }
        };
        Ok(united.into_stream().try_flatten().boxed())
    }
}

/// A thread and its output; the thread stops where the output is dropped.
fn spawn(
    input: &Arc<dyn PhysicalOperator>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> RecordBatchStream {
    let (input, context) = (Arc::clone(input), Arc::clone(context));
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let mut worker = JoinSet::new();
    worker.spawn(async move {
        let mut stream = match run(&input, &context) {
            Ok(stream) => stream,
            Err(error) => {
                let _ = sender.send(Err(error)).await;
                return;
            }
        };
        while let Some(item) = stream.next().await {
            // The consumer is gone: it has its rows, or failed.
            if sender.send(item).await.is_err() {
                return;
            }
        }
    });
    let stream = async_stream::stream! {
        while let Some(item) = receiver.recv().await {
            yield item;
        }
        if let Some(Err(error)) = worker.join_next().await && error.is_panic() {
            yield Err(Error::internal("a worker thread panicked"));
        }
    };
    stream.boxed()
}
