//! From text to a running query.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::TryStreamExt;
use grism_core::temporal::{DateTime, LocalDateTime};
use grism_core::{Error, Result, Snapshot, SnapshotId, Storage, Value};
use grism_cypher::{BindContext, ParameterTypes, Parameters, Procedures, Query, Warning};
use grism_engine::{
    CancellationHandle, ExprEvaluator, MetricsSink, PhysicalSchema, PlannerConfig,
    RecordBatchStream, RuntimeConfig,
};
use grism_functions::Functions;
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::optimizer::{Facts, optimize};
use grism_logical::{LogicalExpr, LogicalPlan, PlanSchema};
use grism_ray::{
    DistributedPlanner, DistributedPlannerConfig, RayExecutor, RayExecutorConfig, StagedExecutor,
    TaskMetrics,
};
use grism_storage::{LoadReport, WriteCounts};

use crate::Engine;
use crate::entity_columns::EntityColumns;
use crate::plan_cache::{PlanCache, plan_key};
use crate::tables::Tables;
use crate::views::PinnedStorage;

/// How a query is run.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// Values of parameters.
    pub parameters: Parameters,
    /// Parameters that are tables, which `LOAD FROM $name AS row` reads.
    pub tables: Tables,
    /// Where it runs.
    pub engine: Engine,
    /// The snapshot it reads; the default is the newest.
    pub snapshot: SnapshotId,
    /// Threads, batch size, memory and time.
    pub runtime: RuntimeConfig,
    /// Partitions and limits of the staged and Ray engines.
    pub distributed: DistributedPlannerConfig,
    /// How Ray is reached.
    pub ray: RayExecutorConfig,
    /// Functions that expressions may call, beside those of Grism and those that are registered with the graph.
    pub functions: Functions,
    /// Procedures that CALL may name, beside those that every graph has.
    pub procedures: Procedures,
}

/// A query that is bound and optimized.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The plan as the text says.
    pub bound: LogicalPlan,
    /// The plan after the optimizer.
    pub optimized: LogicalPlan,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// The snapshot it was bound to.
    pub snapshot: Arc<dyn Snapshot>,
}

/// Binds and optimizes a query, which only reads.
///
/// # Errors
/// `InvalidQuery` with the place of what is wrong; `Unsupported` for what Grism does not do; `NotFound` for a snapshot
/// that does not exist.
pub(crate) async fn prepare(
    storage: &dyn Storage,
    plans: &PlanCache,
    query: &Query,
    options: &QueryOptions,
) -> Result<Prepared> {
    let snapshot = storage.snapshot(options.snapshot).await?;
    if query.writes() {
        return Err(Error::invalid_query(
            "this query writes; run it with execute()",
        ));
    }
    let key = plan_key(query, options);
    let known = key
        .as_ref()
        .and_then(|key| plans.plan(key, snapshot.as_ref()));
    if let Some(plan) = known {
        return Ok(Prepared {
            bound: plan.bound.clone(),
            optimized: plan.optimized.clone(),
            warnings: plan.warnings.clone(),
            snapshot,
        });
    }
    let bound = query.bind(bind_context(snapshot.as_ref(), options, &now()))?;
    let optimized = optimize(bound.plan.clone(), facts(snapshot.as_ref()))?;
    if let Some(key) = key.filter(|_| !bound.volatile) {
        plans.keep(
            key,
            bound.plan.clone(),
            optimized.clone(),
            bound.warnings.clone(),
            snapshot.as_ref(),
        );
    }
    Ok(Prepared {
        bound: bound.plan,
        optimized,
        warnings: bound.warnings,
        snapshot,
    })
}

/// What a query is bound against.
pub(crate) fn bind_context<'a>(
    snapshot: &'a dyn Snapshot,
    options: &'a QueryOptions,
    now: &'a Value,
) -> BindContext<'a> {
    BindContext {
        schema: snapshot.schema(),
        statistics: snapshot.statistics(),
        parameters: &options.parameters,
        tables: options.tables.parameter_names(),
        parameter_types: ParameterTypes::Known,
        may_hold_deleted: false,
        functions: &options.functions,
        procedures: &options.procedures,
        now,
        constant: &constant,
    }
}

/// What the optimizer may know of a snapshot.
pub(crate) fn facts(snapshot: &dyn Snapshot) -> Facts<'_> {
    Facts {
        schema: snapshot.schema(),
        statistics: snapshot.statistics(),
    }
}

/// The instant it is, in UTC.
pub(crate) fn now() -> Value {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let nanos = i64::from(since.subsec_nanos());
    Value::DateTime(Box::new(DateTime {
        local: LocalDateTime::from_seconds(since.as_secs() as i64, nanos),
        offset: 0,
        zone: None,
    }))
}

/// The value of an expression that reads no columns.
pub(crate) fn constant(expression: &LogicalExpr) -> Result<Value> {
    let none = PhysicalSchema::from(PlanSchema::default());
    let evaluator = ExprEvaluator::try_new(expression, &none)?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::clone(none.arrow()), Vec::new(), &options)?;
    Value::from_typed(&evaluator.evaluate(&row)?, 0, evaluator.value_type())
}

/// The result of a statement.
pub struct QueryResult {
    schema: PhysicalSchema,
    stream: RecordBatchStream,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// What the tasks of a staged or Ray run did; filled when the last batch has come.
    pub tasks: Arc<std::sync::Mutex<Vec<TaskMetrics>>>,
    /// What a load did.
    pub load: Option<LoadReport>,
    /// What a query wrote; `None` for one that only reads.
    pub written: Option<WriteCounts>,
    /// The snapshot that a query read; `None` for a statement of another kind.
    pub snapshot: Option<SnapshotId>,
    pub(crate) entities: EntityColumns,
    cancellation: CancellationHandle,
    metrics: Option<Arc<dyn MetricsSink>>,
}

impl QueryResult {
    pub(crate) fn new(
        schema: PhysicalSchema,
        stream: RecordBatchStream,
        cancellation: CancellationHandle,
    ) -> Self {
        let tasks = Arc::default();
        Self {
            schema,
            stream,
            warnings: Vec::new(),
            tasks,
            load: None,
            written: None,
            snapshot: None,
            entities: EntityColumns::default(),
            cancellation,
            metrics: None,
        }
    }

    /// The result's columns.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    /// The columns as Arrow has them; those of entities are marked by [`ENTITY_METADATA`](crate::ENTITY_METADATA).
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        self.entities.marked(self.schema.arrow())
    }

    /// Stops the query from elsewhere.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.cancellation.clone()
    }

    /// What operators did, where the engine was the local one.
    #[must_use]
    pub fn metrics(&self) -> Option<Arc<dyn MetricsSink>> {
        self.metrics.clone()
    }

    /// The batches, as they come.
    #[must_use]
    pub fn into_stream(self) -> RecordBatchStream {
        self.stream
    }

    /// All batches.
    ///
    /// # Errors
    /// What goes wrong while the query runs.
    pub async fn collect(self) -> Result<Vec<arrow::record_batch::RecordBatch>> {
        self.stream.try_collect().await
    }
}

impl fmt::Debug for QueryResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryResult")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Runs an optimized plan on a snapshot with the engine of `options`.
pub(crate) async fn run_plan(
    storage: &Arc<dyn Storage>,
    snapshot: &Arc<dyn Snapshot>,
    plan: &LogicalPlan,
    options: &QueryOptions,
) -> Result<QueryResult> {
    let storage = &options.tables.over(storage);
    // Tasks open the snapshot by its number, which must not be one of another graph by then.
    let pinned = || Arc::new(PinnedStorage::new(Arc::clone(storage), snapshot.as_ref()));
    let mut result = match options.engine {
        Engine::Local | Engine::Auto => run_local(storage, snapshot, plan, options)?,
        Engine::Staged => {
            let staged = distributed_planner(snapshot.as_ref(), options).plan(plan)?;
            let executor = StagedExecutor::new(options.runtime.clone());
            let run = executor.execute(staged, pinned(), snapshot.id()).await?;
            from_stages(run)
        }
        Engine::Ray => {
            check_for_ray(plan, options)?;
            let staged = distributed_planner(snapshot.as_ref(), options).plan(plan)?;
            let executor =
                RayExecutor::with_config(options.ray.clone()).with_runtime(options.runtime.clone());
            let run = executor.execute_at(staged, pinned(), snapshot.id()).await?;
            from_stages(run)
        }
    };
    result.snapshot = Some(snapshot.id());
    Ok(result)
}

/// Checks that a plan and its settings are such as Ray can run.
///
/// # Errors
/// `Unsupported`, with what to do.
pub(crate) fn check_for_ray(plan: &LogicalPlan, options: &QueryOptions) -> Result<()> {
    if !options.runtime.resources.is_empty() {
        return Err(Error::unsupported(
            "resources among the settings of a query on Ray: they say what this process has, and Ray knows what its nodes have",
        ));
    }
    options.tables.check_ships(plan)
}

/// A query planned in stages.
#[derive(Clone, Debug)]
pub struct PlannedQuery {
    /// The stages.
    pub plan: grism_ray::DistributedPlan,
    /// The snapshot they read.
    pub snapshot: SnapshotId,
    /// The commit that made it.
    pub commit: String,
    /// What is odd about the query.
    pub warnings: Vec<String>,
    pub(crate) entities: EntityColumns,
}

impl PlannedQuery {
    /// The columns as Arrow has them; those of entities are marked by [`ENTITY_METADATA`](crate::ENTITY_METADATA).
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        self.entities.marked(self.plan.schema.arrow())
    }
}

fn from_stages(run: grism_ray::StagedResult) -> QueryResult {
    let tasks = run.tasks();
    let mut result = QueryResult::new(
        run.schema().clone(),
        run.into_stream(),
        CancellationHandle::default(),
    );
    result.tasks = tasks;
    result
}

/// A planner that knows the snapshot's statistics.
pub(crate) fn distributed_planner(
    snapshot: &dyn Snapshot,
    options: &QueryOptions,
) -> DistributedPlanner {
    DistributedPlanner::with_config(options.distributed.clone())
        .with_statistics(Arc::clone(snapshot.statistics()), snapshot.segment_shift())
}

fn run_local(
    storage: &Arc<dyn Storage>,
    snapshot: &Arc<dyn Snapshot>,
    plan: &LogicalPlan,
    options: &QueryOptions,
) -> Result<QueryResult> {
    let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
        threads: options.runtime.workers(),
    });
    let plan = planner.plan(plan)?;
    let run = LocalExecutor::with_config(options.runtime.clone()).execute_at(
        plan,
        Arc::clone(storage),
        Arc::clone(snapshot),
    )?;
    let (metrics, cancellation) = (run.metrics(), run.cancellation());
    let mut result = QueryResult::new(run.schema().clone(), run.into_stream(), cancellation);
    result.metrics = Some(metrics);
    Ok(result)
}

/// A result of rows that are known already.
pub(crate) fn table(batch: arrow::record_batch::RecordBatch) -> Result<QueryResult> {
    let columns = batch
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let ty = grism_core::Type::of_column(field.data_type());
            grism_logical::Column::new(field.name(), ty)
        })
        .collect();
    let schema = PhysicalSchema::from(grism_logical::PlanSchema::new(columns));
    let batch = batch
        .with_schema(Arc::clone(schema.arrow()))
        .map_err(Error::from)?;
    let stream = Box::pin(futures::stream::iter([Ok(batch)]));
    Ok(QueryResult::new(
        schema,
        stream,
        CancellationHandle::default(),
    ))
}
