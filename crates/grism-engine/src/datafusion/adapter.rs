//! Streams into and out of DataFusion's operators.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion_common::{DataFusionError, JoinType, NullEquality, internal_err};
use datafusion_execution::config::SessionConfig;
use datafusion_execution::memory_pool::MemoryConsumer;
use datafusion_execution::runtime_env::RuntimeEnvBuilder;
use datafusion_execution::{SendableRecordBatchStream, TaskContext};
use datafusion_physical_expr::expressions::Column;
use datafusion_physical_expr::{
    EquivalenceProperties, LexOrdering, Partitioning, PhysicalSortExpr,
};
use datafusion_physical_plan::coop::make_cooperative;
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion_physical_plan::joins::{HashJoinExecBuilder, PartitionMode};
use datafusion_physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion_physical_plan::sorts::sort::SortExec;
use datafusion_physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Meter, Result, compact_slices};
use grism_logical::JoinKind;

use super::error::from_datafusion;
use super::handles::{Handles, restored};
use super::memory_pool::ManagedPool;
use crate::{MemoryManager, RecordBatchStream};

/// A column to sort by, by position; nulls come last, or first where descending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortColumn {
    pub(crate) index: usize,
    pub(crate) descending: bool,
}

/// The task context of one query: our memory, and a spill directory that is made when something spills and goes away with
/// the query.
pub(crate) fn task_context(
    memory: Arc<dyn MemoryManager>,
    batch_rows: usize,
) -> Result<Arc<TaskContext>> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(ManagedPool::new(memory)))
        .build_arc()
        .map_err(from_datafusion)?;
    let mut config = SessionConfig::new()
        .with_batch_size(batch_rows)
        .with_target_partitions(1)
        .with_sort_spill_reservation_bytes(1 << 20);
    let options = config.options_mut();
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    options
        .execution
        .skip_partial_aggregation_probe_rows_threshold = usize::MAX;
    // The default context makes settings and a runtime of its own.
    Ok(Arc::new(TaskContext::new(
        None,
        String::new(),
        config,
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        runtime,
    )))
}

/// A leaf that gives a stream of ours to a DataFusion operator, once.
struct StreamExec {
    stream: Mutex<Option<SendableRecordBatchStream>>,
    properties: Arc<PlanProperties>,
}

/// Wraps `stream` for an operator of DataFusion that holds its input: what rows are slices of is neither kept nor charged.
fn held_leaf(schema: &SchemaRef, stream: RecordBatchStream) -> Arc<dyn ExecutionPlan> {
    let compact = stream.and_then(|batch| std::future::ready(compact_slices(batch)));
    leaf(schema, compact.boxed())
}

/// Wraps `stream` for DataFusion.
pub(super) fn leaf(schema: &SchemaRef, stream: RecordBatchStream) -> Arc<dyn ExecutionPlan> {
    let properties = PlanProperties::new(
        EquivalenceProperties::new(Arc::clone(schema)),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    )
    .with_scheduling_type(SchedulingType::Cooperative);
    Arc::new(StreamExec {
        stream: Mutex::new(Some(to_datafusion_stream(schema, stream))),
        properties: Arc::new(properties),
    })
}

fn to_datafusion_stream(
    schema: &SchemaRef,
    stream: RecordBatchStream,
) -> SendableRecordBatchStream {
    let stream = stream.map_err(|error| DataFusionError::External(Box::new(error)));
    Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), stream))
}

/// Runs the only partition of `plan` and takes its batches out of DataFusion.
pub(super) fn start(plan: &dyn ExecutionPlan, task: Arc<TaskContext>) -> Result<RecordBatchStream> {
    let stream = plan.execute(0, task).map_err(from_datafusion)?;
    let spills = SpillCount {
        meter: Meter::active(),
        metrics: plan.metrics(),
    };
    let counted = stream.map_err(move |error| {
        // Counted when the stream is dropped.
        let _ = &spills;
        from_datafusion(error)
    });
    Ok(counted.boxed())
}

/// Tells the meter of an operator what DataFusion has spilled for it, at the end of its stream.
struct SpillCount {
    meter: Option<Arc<Meter>>,
    metrics: Option<MetricsSet>,
}

impl Drop for SpillCount {
    fn drop(&mut self) {
        if let (Some(meter), Some(metrics)) = (&self.meter, &self.metrics) {
            let bytes = metrics.spilled_bytes().unwrap_or_default() as u64;
            meter.spilled(bytes, metrics.spill_count().unwrap_or_default() as u64);
        }
    }
}

impl fmt::Debug for StreamExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamExec")
    }
}

impl DisplayAs for StreamExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamExec")
    }
}

impl ExecutionPlan for StreamExec {
    fn name(&self) -> &str {
        "StreamExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> datafusion_common::Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        _: usize,
        _: Arc<TaskContext>,
    ) -> datafusion_common::Result<SendableRecordBatchStream> {
        match self
            .stream
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            Some(stream) => Ok(make_cooperative(stream)),
            None => internal_err!("a stream was run twice"),
        }
    }
}

fn ordering(schema: &SchemaRef, columns: &[SortColumn]) -> Result<LexOrdering> {
    let expressions = columns.iter().map(|column| PhysicalSortExpr {
        expr: Arc::new(Column::new(schema.field(column.index).name(), column.index)),
        options: SortOptions {
            descending: column.descending,
            nulls_first: column.descending,
        },
    });
    LexOrdering::new(expressions).ok_or_else(|| Error::internal("a sort without keys"))
}

/// Sorts a stream; spills past the memory limit.
pub(crate) fn sort(
    schema: &SchemaRef,
    stream: RecordBatchStream,
    columns: &[SortColumn],
    fetch: Option<usize>,
    task: Arc<TaskContext>,
) -> Result<RecordBatchStream> {
    // DataFusion's TopK drops rows wrongly where a nested key has nulls within, and does not take 0.
    let nested = columns
        .iter()
        .any(|column| schema.field(column.index).data_type().is_nested());
    let pushed = fetch.filter(|fetch| !nested && *fetch > 0);
    let handles = Handles::of(schema, &task);
    let (schema, stream) = stripped(handles.as_ref(), schema, stream);
    let plan =
        SortExec::new(ordering(&schema, columns)?, held_leaf(&schema, stream)).with_fetch(pushed);
    let sorted = restored(start(&plan, task)?, handles, 0);
    Ok(match fetch.filter(|_| pushed.is_none()) {
        Some(fetch) => limit_rows(sorted, fetch),
        None => sorted,
    })
}

fn limit_rows(stream: RecordBatchStream, fetch: usize) -> RecordBatchStream {
    let mut left = fetch;
    let cut = stream.try_take_while(move |batch| {
        let open = left > 0;
        left = left.saturating_sub(batch.num_rows());
        futures::future::ready(Ok(open))
    });
    let mut left = fetch;
    cut.map_ok(move |batch| {
        let rows = batch.num_rows().min(left);
        left -= rows;
        batch.slice(0, rows)
    })
    .boxed()
}

/// Merges streams that are sorted alike.
pub(crate) fn merge_sorted(
    schema: &SchemaRef,
    streams: Vec<RecordBatchStream>,
    columns: &[SortColumn],
    fetch: Option<usize>,
    task: &Arc<TaskContext>,
) -> Result<RecordBatchStream> {
    let handles = Handles::of(schema, task);
    let plain = match &handles {
        Some(handles) => Arc::clone(handles.plain_schema()),
        None => Arc::clone(schema),
    };
    let streams: Vec<_> = streams
        .into_iter()
        .map(|stream| {
            let (schema, stream) = stripped(handles.as_ref(), schema, stream);
            to_datafusion_stream(&schema, stream)
        })
        .collect();
    let merged = StreamingMergeBuilder::new()
        .with_streams(streams)
        .with_schema(Arc::clone(&plain))
        .with_expressions(&ordering(&plain, columns)?)
        .with_metrics(BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0))
        .with_batch_size(task.session_config().batch_size())
        .with_fetch(fetch)
        .with_round_robin_tie_breaker(false)
        .with_reservation(MemoryConsumer::new("merge").register(task.memory_pool()))
        .build()
        .map_err(from_datafusion)?;
    Ok(restored(
        merged.map_err(from_datafusion).boxed(),
        handles,
        0,
    ))
}

/// A stream with numbers in place of shared values, where there are any, and its schema.
fn stripped(
    handles: Option<&Arc<Handles>>,
    schema: &SchemaRef,
    stream: RecordBatchStream,
) -> (SchemaRef, RecordBatchStream) {
    match handles {
        Some(handles) => (Arc::clone(handles.plain_schema()), handles.strip(stream)),
        None => (Arc::clone(schema), stream),
    }
}

/// Joins on equal columns, by position; the left side is held in memory. Output: left columns, right columns; of a semi
/// or an anti join right columns only.
pub(crate) fn hash_join(
    kind: JoinKind,
    left: (&SchemaRef, RecordBatchStream),
    right: (&SchemaRef, RecordBatchStream),
    on: &[(usize, usize)],
    task: Arc<TaskContext>,
) -> Result<RecordBatchStream> {
    let (left_handles, right_handles) = (Handles::of(left.0, &task), Handles::of(right.0, &task));
    let (left_schema, left) = stripped(left_handles.as_ref(), left.0, left.1);
    let (right_schema, right) = stripped(right_handles.as_ref(), right.0, right.1);
    let left_width = left_schema.fields().len();
    let key = |schema: &SchemaRef, index: usize| {
        Arc::new(Column::new(schema.field(index).name(), index)) as _
    };
    let on = on
        .iter()
        .map(|(a, b)| (key(&left_schema, *a), key(&right_schema, *b)))
        .collect();
    let plan = HashJoinExecBuilder::new(
        held_leaf(&left_schema, left),
        leaf(&right_schema, right),
        on,
        match kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Semi => JoinType::RightSemi,
            JoinKind::Anti => JoinType::RightAnti,
        },
    )
    .with_partition_mode(PartitionMode::CollectLeft)
    .with_null_equality(NullEquality::NullEqualsNothing)
    .build()
    .map_err(from_datafusion)?;
    let joined = start(&plan, task)?;
    Ok(match kind {
        JoinKind::Inner => restored(restored(joined, left_handles, 0), right_handles, left_width),
        JoinKind::Semi | JoinKind::Anti => restored(joined, right_handles, 0),
    })
}
