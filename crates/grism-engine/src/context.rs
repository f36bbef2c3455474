//! What an operator may ask of the runtime it runs in.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::record_batch::RecordBatch;
use datafusion_execution::TaskContext;
use futures::StreamExt;
use grism_core::{CancellationHandle, Error, MemoryBudget, Result, Snapshot, SnapshotId, Storage};
use tracing::Span;

use crate::datafusion::task_context;
use crate::{MemoryManager, MetricsSink, RecordBatchStream, RuntimeConfig};

/// The part of a context that is the same for every operator of a query.
#[derive(Debug)]
pub struct QueryContext {
    /// The graph.
    pub storage: Arc<dyn Storage>,
    /// The snapshot that is read.
    pub snapshot: Arc<dyn Snapshot>,
    /// What operators hold, and what they read of the graph, is charged to.
    pub memory: Arc<dyn MemoryManager>,
    /// Where operators find their meters; `None` counts nothing.
    pub metrics: Option<Arc<dyn MetricsSink>>,
    /// Tells the query to stop.
    pub cancellation: CancellationHandle,
    /// Settings.
    pub config: RuntimeConfig,
    /// The span that those of operators belong to: of the query, or of the task.
    pub span: Span,
    /// What DataFusion's operators need; made for the first of them.
    task: Arc<OnceLock<Arc<TaskContext>>>,
}

impl QueryContext {
    /// Makes the context of one query. It gets a budget of the storage's memory, with the limit of the settings, that its
    /// reads of the graph are charged to as well. Spans of its operators belong to the current span.
    #[must_use]
    pub fn new(
        storage: Arc<dyn Storage>,
        snapshot: Arc<dyn Snapshot>,
        metrics: Option<Arc<dyn MetricsSink>>,
        cancellation: CancellationHandle,
        config: RuntimeConfig,
    ) -> Self {
        let parent = Arc::clone(storage.memory());
        let memory: Arc<dyn MemoryManager> =
            Arc::new(MemoryBudget::new(parent, config.memory_limit));
        // A query that is not limited reads as the process does.
        let (storage, snapshot) = match config.memory_limit {
            None => (storage, snapshot),
            Some(_) => (
                storage.with_memory(Arc::clone(&memory)),
                snapshot.with_memory(Arc::clone(&memory)),
            ),
        };
        Self {
            storage,
            snapshot,
            memory,
            metrics,
            cancellation,
            config,
            span: Span::current(),
            task: Arc::default(),
        }
    }

    /// The same query, whose operators look at `cancellation` instead: a handle below that of the query.
    pub(crate) fn stopping_with(&self, cancellation: CancellationHandle) -> Self {
        Self {
            storage: Arc::clone(&self.storage),
            snapshot: Arc::clone(&self.snapshot),
            memory: Arc::clone(&self.memory),
            metrics: self.metrics.clone(),
            cancellation,
            config: self.config.clone(),
            span: self.span.clone(),
            task: Arc::clone(&self.task),
        }
    }

    /// # Errors
    /// `Unavailable` where there is no place for spill files.
    pub(crate) fn task(&self) -> Result<Arc<TaskContext>> {
        if let Some(task) = self.task.get() {
            return Ok(Arc::clone(task));
        }
        let task = task_context(Arc::clone(&self.memory), self.config.batch_rows)?;
        Ok(Arc::clone(self.task.get_or_init(|| task)))
    }
}

/// What both runtimes give to operators.
pub trait ExecutionContextTrait: Send + Sync + Debug {
    /// What is the same for the whole query.
    fn query(&self) -> &QueryContext;

    /// The pieces, of `count`, that the partitioned leaf `leaf` is to work on here. Threads that run the same leaf
    /// share the queue.
    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue>;

    /// The pieces of another stage's output that belong here, one stream for each task that made one, in their order.
    ///
    /// # Errors
    /// `Internal` where the runtime has no stages.
    fn stage_input_pieces(&self, input: usize) -> Result<Vec<RecordBatchStream>> {
        Err(Error::internal(format!(
            "there is no stage input {input} here"
        )))
    }

    /// The same, one piece after the other.
    ///
    /// # Errors
    /// As [`Self::stage_input_pieces`].
    fn stage_input(&self, input: usize) -> Result<RecordBatchStream> {
        Ok(futures::stream::iter(self.stage_input_pieces(input)?)
            .flatten()
            .boxed())
    }

    /// The outer rows of the apply whose subplan runs here.
    fn argument(&self) -> Option<&RecordBatch> {
        None
    }

    /// The graph.
    fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.query().storage)
    }

    /// The snapshot that is read.
    fn snapshot_id(&self) -> SnapshotId {
        self.query().snapshot.id()
    }

    /// The query's memory.
    fn memory_manager(&self) -> Arc<dyn MemoryManager> {
        Arc::clone(&self.query().memory)
    }

    /// Where operators find their meters.
    fn metrics_sink(&self) -> Option<Arc<dyn MetricsSink>> {
        self.query().metrics.clone()
    }

    /// Whether the query was told to stop.
    fn is_cancelled(&self) -> bool {
        self.query().cancellation.is_cancelled()
    }
}

/// Pieces of work that are taken one by one, in order, by any number of threads.
#[derive(Debug)]
pub struct MorselQueue {
    pieces: Vec<usize>,
    next: AtomicUsize,
}

impl MorselQueue {
    /// A queue of these pieces.
    #[must_use]
    pub fn new(pieces: Vec<usize>) -> Self {
        Self {
            pieces,
            next: AtomicUsize::new(0),
        }
    }

    /// Takes a piece.
    pub fn take(&self) -> Option<usize> {
        self.pieces
            .get(self.next.fetch_add(1, Ordering::AcqRel))
            .copied()
    }

    /// Whether all pieces are taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next.load(Ordering::Acquire) >= self.pieces.len()
    }
}

/// The context of an apply's subplan: the outer one, with the outer rows.
#[derive(Debug)]
pub struct ArgumentContext {
    outer: Arc<dyn ExecutionContextTrait>,
    argument: RecordBatch,
}

impl ArgumentContext {
    /// Runs within `outer` over the rows of `argument`.
    #[must_use]
    pub fn new(outer: Arc<dyn ExecutionContextTrait>, argument: RecordBatch) -> Self {
        Self { outer, argument }
    }
}

impl ExecutionContextTrait for ArgumentContext {
    fn query(&self) -> &QueryContext {
        self.outer.query()
    }

    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue> {
        self.outer.morsels(leaf, count)
    }

    fn argument(&self) -> Option<&RecordBatch> {
        Some(&self.argument)
    }
}
