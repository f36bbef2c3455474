//! `ParallelExec`: one pipeline, run by several threads that take morsels from shared queues.

use std::sync::Arc;

use futures::stream::select_all;
use futures::{FutureExt, StreamExt};
use grism_core::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::only_child;
use crate::{
    ExecutionContextTrait, OperatorCaps, PhysicalOperator, PhysicalSchema, RecordBatchStream, run,
};

/// Batches a thread may be ahead of the consumer.
const AHEAD: usize = 4;

/// Runs its input on `threads` threads at once and unites what they put out.
///
/// ```text
///           ┌─ scan → filter → expand ─┐
///  morsels ─┼─ scan → filter → expand ─┼─ batches, in no order
///           └─ scan → filter → expand ─┘
/// ```
///
/// The leaves of the input take their pieces from queues that the threads share, so the outputs add up to the whole.
/// A slow consumer slows the threads, since the channels are bounded.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParallelExec {
    input: Arc<dyn PhysicalOperator>,
    threads: usize,
}

impl ParallelExec {
    /// Runs `input`, a pipeline of operators that are safe in parallel, on `threads` threads.
    #[must_use]
    pub fn new(input: Arc<dyn PhysicalOperator>, threads: usize) -> Self {
        Self { input, threads }
    }

    /// One stream for each thread.
    pub(super) fn streams(
        &self,
        context: &Arc<dyn ExecutionContextTrait>,
    ) -> Result<Vec<RecordBatchStream>> {
        (0..self.threads).map(|_| self.spawn(context)).collect()
    }

    fn spawn(&self, context: &Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let (input, context) = (Arc::clone(&self.input), Arc::clone(context));
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let worker = tokio::spawn(async move {
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
            if let Err(error) = worker.await && error.is_panic() {
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

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps {
            parallel_safe: false,
            ..OperatorCaps::streaming()
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(only_child(children)?, self.threads)))
    }

    fn describe(&self) -> String {
        format!("Parallel({} threads)", self.threads)
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        // Threads start when the first batch is asked for, so that a plan that needs no row starts none.
        let this = Self::new(Arc::clone(&self.input), self.threads);
        let streams = async move { this.streams(&context) };
        let united = streams.into_stream().flat_map(|streams| match streams {
            Ok(streams) => select_all(streams).boxed(),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        });
        Ok(united.boxed())
    }
}
