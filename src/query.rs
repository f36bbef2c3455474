//! From text to a running query.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::temporal::{DateTime, LocalDateTime};
use grism_core::{
    Error, Result, Snapshot, SnapshotId, SnapshotSelector, Storage, Value, WriteCounts,
};
use grism_cypher::{BindContext, ParameterTypes, Parameters, Query, Warning};
use grism_engine::{
    CancellationHandle, ExecutionResult, ExprEvaluator, PhysicalSchema, RecordBatchStream,
    RunHandle, RuntimeConfig,
};
use grism_functions::Functions;
use grism_local::LocalExecutor;
use grism_logical::optimizer::{Facts, Rewrites};
use grism_logical::pattern::PatternOrder;
use grism_logical::{LogicalExpr, PlanSchema, SharedPlan};
#[cfg(feature = "ray")]
use grism_ray::{DistributedPlannerConfig, RayExecutorConfig};
use grism_storage::LoadReport;

use crate::Engine;
use crate::entity_columns::EntityColumns;
use crate::local_operators::LocalOperators;
use crate::plan_cache::{PlanCache, plan_key};
use crate::stages::StagedQuery;
use crate::tables::Tables;

/// How a query is run.
#[derive(Clone, Debug, Default)]
pub struct QueryOptions {
    /// Values of parameters.
    pub parameters: Parameters,
    /// Parameters that are tables, which `LOAD FROM $name AS row` reads.
    pub tables: Tables,
    /// Where it runs.
    pub engine: Engine,
    /// The snapshot it reads.
    pub snapshot: SnapshotSelector,
    /// Threads, batch size, memory and time.
    pub runtime: RuntimeConfig,
    /// Partitions and limits of the staged and Ray engines.
    #[cfg(feature = "ray")]
    pub distributed: DistributedPlannerConfig,
    /// How Ray is reached.
    #[cfg(feature = "ray")]
    pub ray: RayExecutorConfig,
    /// The rules of the optimizer that run; by default all of them.
    pub rewrites: Rewrites,
    /// Functions that queries may call, beside those of Grism and those that are registered with the graph.
    pub functions: Functions,
    /// Stops the statements that run with these options, from their planning to their commit; what is committed stays.
    pub cancellation: CancellationHandle,
}

impl QueryOptions {
    /// What stops a statement that starts now: whoever holds the handle of these options, and the time limit.
    pub(crate) fn begin(&self) -> CancellationHandle {
        self.cancellation.child(self.runtime.deadline())
    }
}

/// A query that is bound and optimized.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The plan as the text says.
    pub bound: SharedPlan,
    /// The plan after the optimizer.
    pub optimized: SharedPlan,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// The snapshot it was bound to.
    pub snapshot: Arc<dyn Snapshot>,
    /// What `optimized` runs as on this machine.
    pub(crate) operators: Arc<LocalOperators>,
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
    // A plan that depends on tables of this call is not kept.
    let depends_on_tables = !options.tables.parameter_names().is_empty();
    let key = (!depends_on_tables)
        .then(|| plan_key(query, options))
        .flatten();
    let known = key
        .as_ref()
        .and_then(|key| plans.plan(key, snapshot.as_ref()));
    if let Some(plan) = known {
        return Ok(Prepared {
            bound: plan.bound.clone(),
            optimized: plan.optimized.clone(),
            warnings: plan.warnings.clone(),
            snapshot,
            operators: Arc::clone(&plan.operators),
        });
    }
    let query = query.with_functions(&options.functions)?;
    let bound = query.bind(bind_context(snapshot.as_ref(), options, &now()))?;
    let facts = facts(snapshot.as_ref());
    let optimized = options.rewrites.optimize(bound.plan.clone(), facts)?;
    let is_kept = !bound.volatile;
    let prepared = Prepared {
        bound: SharedPlan::new(bound.plan),
        optimized: SharedPlan::new(optimized),
        warnings: bound.warnings,
        snapshot,
        operators: Arc::default(),
    };
    if let Some(key) = key.filter(|_| is_kept) {
        plans.keep(key, &prepared);
    }
    Ok(prepared)
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
        now,
        constant: &constant,
        order: PatternOrder::Cheapest,
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

/// The result of a statement: its rows as they come, and what only statements have.
///
/// Dropping it, or the stream that was taken from it, stops the query.
pub struct QueryResult {
    result: ExecutionResult,
    /// What is odd about the query.
    pub warnings: Vec<Warning>,
    /// What a load did.
    pub load: Option<LoadReport>,
    /// What a query wrote; `None` for one that only reads.
    pub written: Option<WriteCounts>,
    /// The snapshot that a query read; `None` for a statement of another kind.
    pub snapshot: Option<SnapshotId>,
    pub(crate) entities: EntityColumns,
}

impl QueryResult {
    pub(crate) fn new(result: ExecutionResult) -> Self {
        Self {
            result,
            warnings: Vec::new(),
            load: None,
            written: None,
            snapshot: None,
            entities: EntityColumns::default(),
        }
    }

    /// The result's columns.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        self.result.schema()
    }

    /// The columns as Arrow has them; those of entities are marked by [`ENTITY_METADATA`](crate::ENTITY_METADATA).
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        self.entities.marked(self.schema().arrow())
    }

    /// What can be asked about the run: progress, and what operators and tasks did.
    #[must_use]
    pub fn run(&self) -> &RunHandle {
        self.result.run()
    }

    /// Stops the query from elsewhere.
    #[must_use]
    pub fn cancellation(&self) -> CancellationHandle {
        self.result.cancellation()
    }

    /// The batches, as they come.
    #[must_use]
    pub fn into_stream(self) -> RecordBatchStream {
        self.result.into_stream()
    }

    /// All batches.
    ///
    /// # Errors
    /// What goes wrong while the query runs.
    pub async fn collect(self) -> Result<Vec<RecordBatch>> {
        self.result.collect().await
    }
}

impl fmt::Debug for QueryResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryResult")
            .field("schema", self.schema())
            .finish_non_exhaustive()
    }
}

/// Runs a query on the snapshot that it was planned for with the engine of `options`, until `cancellation`.
pub(crate) async fn run_prepared(
    storage: &Arc<dyn Storage>,
    prepared: &Prepared,
    options: &QueryOptions,
    cancellation: CancellationHandle,
) -> Result<QueryResult> {
    let (plan, snapshot) = (&prepared.optimized, &prepared.snapshot);
    let storage = &options.tables.over(storage);
    let runtime = options.runtime.clone();
    let result = match options.engine {
        Engine::Local | Engine::Auto => {
            let plan = prepared.operators.of(plan, runtime.workers())?;
            let executor = LocalExecutor::with_config(runtime).with_cancellation(cancellation);
            executor.execute_at(plan, Arc::clone(storage), Arc::clone(snapshot))?
        }
        Engine::Staged | Engine::Ray => {
            let staged = StagedQuery::plan(plan, snapshot.as_ref(), options)?;
            let (storage, snapshot) = (Arc::clone(storage), snapshot.as_ref());
            let run = staged.run(plan, storage, snapshot, options, cancellation);
            run.await?
        }
    };
    let mut result = QueryResult::new(result);
    result.snapshot = Some(snapshot.id());
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
    let batches = std::iter::once(Ok(batch));
    Ok(QueryResult::new(ExecutionResult::of_batches(
        schema, batches,
    )))
}
