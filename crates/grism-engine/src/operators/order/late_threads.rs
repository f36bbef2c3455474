//! `LateThreads`: the threads that share the pieces of a pipeline once it turns out to have work for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use grism_core::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{
    ExecutionContextTrait, MorselQueue, PhysicalOperator, QueryContext, RecordBatchStream, run,
};

/// Batches a thread may be ahead of the consumer.
const AHEAD: usize = 4;

/// A pipeline that starts on the thread that asks for its rows, and the threads that may help it.
///
/// Whether a pipeline has work for several threads is not known before it runs: a scan of many pieces may pass one row, and one row
/// may lead to millions. So it begins alone; [`RuntimeConfig::alone_micros`](crate::RuntimeConfig::alone_micros) later, the first
/// operator that looks whether it has to stop starts the other threads, if there are pieces left for them.
#[derive(Debug)]
pub(super) struct LateThreads {
    input: Arc<dyn PhysicalOperator>,
    context: Arc<dyn ExecutionContextTrait>,
    /// How many help.
    helpers: usize,
    runtime: Handle,
    start_at: Option<Instant>,
    /// Whether the helpers may still be started.
    waits: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The queues that the pipeline takes its pieces from.
    queues: Vec<Arc<MorselQueue>>,
    /// The outputs of the helpers, once they are started.
    helpers: Option<Vec<RecordBatchStream>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

impl LateThreads {
    /// Threads for `input`, of which there are `threads` with the one that begins. Must be called within a tokio runtime.
    pub(super) fn new(
        input: Arc<dyn PhysicalOperator>,
        context: Arc<dyn ExecutionContextTrait>,
        threads: usize,
    ) -> Arc<Self> {
        let alone = Duration::from_micros(context.query().config.alone_micros);
        Arc::new(Self {
            input,
            helpers: threads.saturating_sub(1),
            runtime: Handle::current(),
            // A time that no clock can show is never reached.
            start_at: Instant::now().checked_add(alone),
            waits: AtomicBool::new(threads > 1),
            state: Mutex::default(),
            context,
        })
    }

    /// The output of the pipeline on this thread.
    ///
    /// # Errors
    /// Those of the pipeline before its first batch.
    pub(super) fn begin(self: &Arc<Self>) -> Result<RecordBatchStream> {
        let threads = Arc::clone(self);
        let query = self.context.query();
        let cancellation = query.cancellation.watched(move || threads.start_in_time());
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(FirstThread {
            query: query.stopping_with(cancellation),
            threads: Arc::clone(self),
        });
        let stream = run(&self.input, &context)?;
        self.start_in_time();
        Ok(stream)
    }

    /// Starts the helpers where the pipeline has been alone for long enough.
    fn start_in_time(&self) {
        let is_time = || self.start_at.is_some_and(|at| Instant::now() >= at);
        if self.waits.load(Ordering::Acquire) && is_time() {
            self.start();
        }
    }

    /// Starts the helpers, if there are pieces for them and it was not done before.
    pub(super) fn start(&self) {
        if !self.waits.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state();
        let has_pieces = state.queues.iter().any(|queue| !queue.is_empty());
        if !has_pieces || !self.waits.swap(false, Ordering::AcqRel) {
            return;
        }
        state.helpers = Some((0..self.helpers).map(|_| self.spawn()).collect());
    }

    /// Starts no helpers any more.
    pub(super) fn stay_alone(&self) {
        self.waits.store(false, Ordering::Release);
    }

    /// The outputs of the helpers, if they have been started since the last call.
    pub(super) fn started(&self) -> Option<Vec<RecordBatchStream>> {
        match self.waits.load(Ordering::Acquire) {
            true => None,
            false => self.state().helpers.take(),
        }
    }

    /// A thread that runs the pipeline, and its output; the thread stops where the output is dropped.
    fn spawn(&self) -> RecordBatchStream {
        let (input, context) = (Arc::clone(&self.input), Arc::clone(&self.context));
        let (sender, mut receiver) = mpsc::channel::<Result<RecordBatch>>(AHEAD);
        let mut worker = JoinSet::new();
        let work = async move {
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
        };
        worker.spawn_on(work, &self.runtime);
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of the thread that begins: it notes the queues of the leaves, and each look at the query's cancellation may start
/// the other threads.
#[derive(Debug)]
struct FirstThread {
    query: QueryContext,
    threads: Arc<LateThreads>,
}

impl ExecutionContextTrait for FirstThread {
    fn query(&self) -> &QueryContext {
        &self.query
    }

    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue> {
        let queue = self.threads.context.morsels(leaf, count);
        let mut state = self.threads.state();
        if !state.queues.iter().any(|own| Arc::ptr_eq(own, &queue)) {
            state.queues.push(Arc::clone(&queue));
        }
        queue
    }

    fn stage_input_pieces(&self, input: usize) -> Result<Vec<RecordBatchStream>> {
        self.threads.context.stage_input_pieces(input)
    }

    fn argument(&self) -> Option<&RecordBatch> {
        self.threads.context.argument()
    }
}
