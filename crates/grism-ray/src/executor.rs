//! `StageExecutor`: runs one task of a stage, wherever it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::buffer::Buffer;
use arrow::compute::take_record_batch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Storage, batch_bytes, compact_slices, stable_digest};
use grism_engine::{
    CancellationHandle, ExchangeMode, ExecutionContextTrait, MemoryReservation, MetricsSink,
    MorselQueue, OrderedBy, PartitioningSpec, QueryContext, QueryMetrics, RecordBatchStream,
    compact_shared, partition_rows, partition_slice, run, sample_keys,
};
use tracing::Instrument;

use crate::{
    TaskInput, TaskSpec, TaskStatistics, read_partition, slot_count, slot_of, write_bundles,
};

/// Keys that a task samples for a range exchange, at most, from one batch.
const SAMPLES_PER_BATCH: usize = 64;

/// Bytes of which the digest is taken at once, between two looks at whether the task is cancelled.
const DIGEST_PIECE: usize = 4 << 20;

/// Runs tasks in this process, each in a budget of its storage's memory. It keeps nothing between them.
#[derive(Clone, Debug, Default)]
pub struct StageExecutor;

/// What a task put out.
#[derive(Debug)]
pub struct TaskOutput {
    /// One bundle for each slot.
    pub bundles: Vec<Buffer>,
    /// What is known of them.
    pub statistics: TaskStatistics,
}

impl StageExecutor {
    /// An executor.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// Runs one task: `inputs` holds, for each input of the stage and each task of the stage behind it, the bundle of
    /// the slot that the task's partition lies in.
    ///
    /// # Errors
    /// What the plan can meet; `NotFound` where another graph was built in the place of the query's; `Unavailable` for a
    /// bundle that cannot be read; `Cancelled`.
    pub async fn execute(
        &self,
        task: &TaskSpec,
        inputs: Vec<Vec<Buffer>>,
        storage: Arc<dyn Storage>,
        cancellation: CancellationHandle,
    ) -> Result<TaskOutput> {
        let span = tracing::info_span!(
            "task",
            query_id = task.query_id,
            stage_id = task.stage.stage_id,
            task_id = task.task,
            attempt = task.attempt
        );
        let output = self.output(task, inputs, storage, cancellation.clone());
        tokio::select! {
            output = output.instrument(span) => output,
            error = cancellation.cancelled() => Err(error),
        }
    }

    async fn output(
        &self,
        task: &TaskSpec,
        inputs: Vec<Vec<Buffer>>,
        storage: Arc<dyn Storage>,
        cancellation: CancellationHandle,
    ) -> Result<TaskOutput> {
        let start = Instant::now();
        let snapshot = storage.snapshot(task.snapshot.into()).await?;
        if snapshot.commit() != task.commit {
            return Err(Error::not_found(format!(
                "the graph at {} was deleted and built anew while the query ran",
                task.storage.uri
            )));
        }
        let metrics: Arc<dyn MetricsSink> = Arc::new(QueryMetrics::of(
            &task.stage.plan.root,
            task.stage.first_operator,
        ));
        let (counted, runtime) = (Some(Arc::clone(&metrics)), task.runtime.clone());
        let query = QueryContext::new(storage, snapshot, counted, cancellation.clone(), runtime);
        let memory = Arc::clone(&query.memory);
        // What is mapped is charged too: it is in memory while the task reads it.
        let mapped = inputs.iter().flatten().map(Buffer::len).sum();
        let _mapped = MemoryReservation::try_new(Arc::clone(&memory), mapped)?;
        let context: Arc<dyn ExecutionContextTrait> = Arc::new(StageContext {
            query,
            partition: task.task,
            partitions: task.stage.tasks,
            inputs: task.inputs.iter().cloned().zip(inputs).collect(),
            workers: task.workers,
            queues: Mutex::default(),
        });
        let mut held = MemoryReservation::empty(memory);
        let mut writer = OutputWriter::new(task);
        let mut stream = run(&task.stage.plan.root, &context)?;
        while let Some(batch) = stream.try_next().await? {
            let batch = compact_slices(batch)?;
            held.try_grow(batch_bytes(&batch))?;
            writer.write(batch)?;
        }
        // Operators report what they hold until then at the end of their streams.
        drop(stream);
        let (partitions, mut statistics) = (writer.partitions, writer.statistics);
        let schema = task.stage.plan.root.schema().arrow();
        let bundles = write_bundles(schema, partitions, task.workers, &cancellation)?;
        statistics.bytes = bundles.iter().map(|bundle| bundle.len() as u64).sum();
        for piece in bundles
            .iter()
            .flat_map(|bundle| bundle.chunks(DIGEST_PIECE))
        {
            cancellation.check()?;
            statistics.digest = stable_digest(statistics.digest, piece);
        }
        statistics.operators = metrics.operators();
        statistics.pid = std::process::id();
        statistics.micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(rows = statistics.rows, bytes = statistics.bytes, "done");
        Ok(TaskOutput {
            bundles,
            statistics,
        })
    }
}

/// Splits a task's rows over the partitions of its output.
struct OutputWriter {
    partitioning: Option<PartitioningSpec>,
    sample: Option<Vec<OrderedBy>>,
    partitions: Vec<Vec<RecordBatch>>,
    statistics: TaskStatistics,
}

impl OutputWriter {
    fn new(task: &TaskSpec) -> Self {
        let written = task.stage.written_partitions();
        let (partitioning, sample) = match task
            .stage
            .output
            .as_ref()
            .map(|output| (&output.mode, &output.partitioning))
        {
            Some((ExchangeMode::Shuffle, PartitioningSpec::Range { keys, .. })) => {
                (None, Some(keys.clone()))
            }
            Some((ExchangeMode::Shuffle, partitioning)) => (Some(partitioning.clone()), None),
            _ => (None, None),
        };
        let statistics = TaskStatistics {
            partition_rows: vec![0; written],
            ..TaskStatistics::default()
        };
        Self {
            partitioning,
            sample,
            partitions: vec![Vec::new(); written],
            statistics,
        }
    }

    fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let rows = batch.num_rows();
        let first = self.statistics.rows as usize;
        self.statistics.rows += rows as u64;
        if let Some(keys) = &self.sample {
            self.statistics
                .samples
                .extend(sample_keys(&batch, keys, SAMPLES_PER_BATCH)?);
        }
        let Some(partitioning) = &self.partitioning else {
            self.statistics.partition_rows[0] += rows as u64;
            self.partitions[0].push(compact_shared(batch)?);
            return Ok(());
        };
        let places = partition_rows(&batch, partitioning, first)?;
        let mut indices: Vec<Vec<u32>> = vec![Vec::new(); self.partitions.len()];
        for (row, partition) in places.into_iter().enumerate() {
            indices[partition].push(row as u32);
        }
        for (partition, rows) in indices
            .into_iter()
            .enumerate()
            .filter(|(_, rows)| !rows.is_empty())
        {
            self.statistics.partition_rows[partition] += rows.len() as u64;
            let taken = take_record_batch(&batch, &UInt32Array::from(rows))?;
            self.partitions[partition].push(compact_shared(taken)?);
        }
        Ok(())
    }
}

/// What operators see in a task of a stage.
#[derive(Debug)]
struct StageContext {
    query: QueryContext,
    partition: usize,
    partitions: usize,
    inputs: Vec<(TaskInput, Vec<Buffer>)>,
    workers: usize,
    queues: Mutex<HashMap<u32, Arc<MorselQueue>>>,
}

impl ExecutionContextTrait for StageContext {
    fn query(&self) -> &QueryContext {
        &self.query
    }

    fn morsels(&self, leaf: u32, count: usize) -> Arc<MorselQueue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let own = || {
            (0..count)
                .filter(|piece| piece % self.partitions == self.partition)
                .collect()
        };
        Arc::clone(
            queues
                .entry(leaf)
                .or_insert_with(|| Arc::new(MorselQueue::new(own()))),
        )
    }

    fn stage_input_pieces(&self, input: usize) -> Result<Vec<RecordBatchStream>> {
        let Some((input, bundles)) = self.inputs.get(input) else {
            return Err(Error::internal(format!("the stage has no input {input}")));
        };
        let mut pieces = Vec::new();
        for bundle in bundles {
            let shuffled = input.spec.mode == ExchangeMode::Shuffle && input.bounds.is_none();
            let partition = if shuffled { self.partition } else { 0 };
            let slots = slot_count(input.written, self.workers);
            let slot = slot_of(partition, input.written, slots);
            let first = (0..input.written)
                .find(|other| slot_of(*other, input.written, slots) == slot)
                .unwrap_or(0);
            let mut batches = read_partition(bundle, partition - first)?;
            if let (Some(bounds), PartitioningSpec::Range { keys, .. }) =
                (&input.bounds, &input.spec.partitioning)
            {
                batches = batches
                    .into_iter()
                    .map(|batch| partition_slice(&batch, keys, bounds, self.partition))
                    .collect::<Result<_>>()?;
                batches.retain(|batch| batch.num_rows() > 0);
            }
            pieces.push(futures::stream::iter(batches.into_iter().map(Ok)).boxed());
        }
        Ok(pieces)
    }
}
