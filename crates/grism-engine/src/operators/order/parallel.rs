//! `ParallelExec`: one pipeline, run by several threads that take morsels from shared queues.

use std::sync::Arc;

use futures::stream::select_all;
use futures::{FutureExt, StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::sort::{describe_keys, sort_columns};
use crate::datafusion::merge_sorted;
use crate::operators::children::only_child;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema,
    PlanProperties, ReadOrder, RecordBatchStream, run,
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
    input: Arc<dyn PhysicalOperator>,
    threads: usize,
    order: ReadOrder,
}

impl ParallelExec {
    /// Runs `input`, a pipeline of operators that are safe in parallel, on `threads` threads, whose outputs are read in this order.
    #[must_use]
    pub fn new(input: Arc<dyn PhysicalOperator>, threads: usize, order: ReadOrder) -> Self {
        Self {
            input,
            threads,
            order,
        }
    }

    fn over(&self, input: Arc<dyn PhysicalOperator>) -> Self {
        Self::new(input, self.threads, self.order.clone())
    }

    /// One stream for each thread.
    fn streams(&self, context: &Arc<dyn ExecutionContextTrait>) -> Result<Vec<RecordBatchStream>> {
        (0..self.threads).map(|_| self.spawn(context)).collect()
    }

    /// A thread and its output; the thread stops where the output is dropped.
    fn spawn(&self, context: &Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let (input, context) = (Arc::clone(&self.input), Arc::clone(context));
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
        Ok(stream.boxed())
    }
}

#[typetag::serde]
impl PhysicalOperator for ParallelExec {
    fn name(&self) -> &'static str {
        "ParallelExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.input.schema()
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        self.order.read(&inputs[0], Distribution::Single)
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![self.order.requirement()]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(self.over(only_child(children)?)))
    }

    fn describe(&self) -> String {
        match &self.order {
            ReadOrder::Sequential => format!("Parallel({} threads)", self.threads),
            ReadOrder::Merged(keys) => {
                let keys = describe_keys(keys);
                format!("Parallel({} threads, merged by {keys})", self.threads)
            }
        }
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        // Threads start when the first batch is asked for, so that a plan that needs no row starts none.
        let this = self.over(Arc::clone(&self.input));
        let united = async move {
            let streams = this.streams(&context)?;
            match &this.order {
                ReadOrder::Sequential => Ok(select_all(streams).boxed()),
                ReadOrder::Merged(keys) => {
                    let columns = sort_columns(this.schema(), keys)?;
                    let task = context.query().task()?;
                    merge_sorted(this.schema().arrow(), streams, &columns, None, &task)
                }
            }
        };
        Ok(united.into_stream().try_flatten().boxed())
    }
}
