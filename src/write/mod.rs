//! Queries that write: clause by clause on one transaction, which becomes one commit.

mod create;
mod delete;
mod found;
mod merge;
mod merge_rows;
mod nested;
mod order;
mod set;
mod transactions;

use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use grism_core::{
    Error, GraphSchema, GraphStatistics, Result, Snapshot, SnapshotSelector, Storage, Value,
    on_stack,
};
use grism_cypher::{
    BindContext, BindState, BoundWrite, ParameterTypes, Query, QueryPart, Warning, WriteKind,
    bind_results,
};
use grism_engine::{
    CancellationHandle, ExecutionResult, PhysicalOperator, PhysicalSchema, PlannerConfig,
    RuntimeConfig,
};
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::LogicalPlan;
use grism_logical::optimizer::optimize;
use grism_storage::{Transaction, WriteCounts};

use crate::attempts::Attempts;
use crate::entity_columns::EntityColumns;
use crate::explain::ExplainedClause;
use crate::query::{QueryOptions, QueryResult, constant, facts, now};
use found::{Found, FoundBuffer};

/// The column of row numbers beside rows whose order counts.
const ROW: &str = "#row";

/// Rows that a MERGE searches for together, at least: each such batch may read all that could match.
const SEARCHED_ROWS: usize = 1 << 17;

/// Runs a query that writes, and commits what it wrote; again on the new snapshot where another writer was first.
pub(crate) async fn write_query(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
) -> Result<QueryResult> {
    if !options.snapshot.is_latest() {
        return Err(Error::invalid_query("an old snapshot cannot be written to"));
    }
    let query = &*query.with_functions(&options.functions)?;
    let cancellation = options.begin();
    if let Some(clause) = query.transactions()? {
        return transactions::write_in_transactions(storage, query, clause, options, &cancellation)
            .await;
    }
    let mut attempts = Attempts::of(storage);
    let mut parameter_types = ParameterTypes::Known;
    loop {
        let turn = attempts.next().await?;
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
        let mut writer = Writer::new(storage, options, snapshot, &cancellation);
        writer.parameter_types = parameter_types;
        let found = match writer.run(query).await {
            // Nothing is committed yet, so the query can start again.
            Err(error) if writer.may_fit_at_run_time(&error) => {
                parameter_types = ParameterTypes::AtRunTime;
                continue;
            }
            found => found?,
        };
        let counts = writer.transaction.counts();
        let mut changes = writer.transaction.finish()?.with_operation("statement");
        changes.turn = turn;
        changes.cancellation = cancellation.clone();
        let committed = if counts.is_empty() {
            Ok(changes.base)
        } else {
            storage.commit(changes).await
        };
        match committed {
            Err(error) if attempts.again(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => {
                let mut result = result(found, writer.warnings, counts);
                result.entities = writer.entities;
                return Ok(result);
            }
        }
    }
}

/// The plans of a query that writes, clause by clause: it is bound and planned over no rows, so that nothing is written.
pub(crate) async fn plan_clauses(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
) -> Result<Vec<ExplainedClause>> {
    let (explained, _) = plan_write(storage, query, options, &options.begin()).await?;
    Ok(explained)
}

/// The plans of a query that writes, and what the binder may know of its parameters.
async fn plan_write(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
    cancellation: &CancellationHandle,
) -> Result<(Vec<ExplainedClause>, ParameterTypes)> {
    let query = &*query.with_functions(&options.functions)?;
    let mut parameter_types = ParameterTypes::Known;
    loop {
        let snapshot = storage.snapshot(options.snapshot).await?;
        let mut writer = Writer::new(storage, options, snapshot, cancellation);
        writer.parameter_types = parameter_types;
        writer.explained = Some(Mutex::default());
        match writer.run(query).await {
            Err(error) if writer.may_fit_at_run_time(&error) => {
                parameter_types = ParameterTypes::AtRunTime;
            }
            Err(error) => return Err(error),
            Ok(_) => {
                let explained = writer.explained.take().unwrap_or_default();
                return Ok((explained.into_inner().unwrap_or_default(), parameter_types));
            }
        }
    }
}

fn result(found: Found, warnings: Vec<Warning>, counts: WriteCounts) -> QueryResult {
    let schema = PhysicalSchema::from(found.schema.clone());
    let rows = ExecutionResult::of_batches(schema, found.into_batches());
    let mut result = QueryResult::new(rows);
    result.warnings = warnings;
    result.written = Some(counts);
    result
}

struct Writer<'a> {
    storage: &'a Arc<dyn Storage>,
    options: &'a QueryOptions,
    transaction: Transaction,
    /// Stops the statement.
    cancellation: CancellationHandle,
    /// The instant that the statement's clocks show.
    now: Value,
    warnings: Vec<Warning>,
    /// The columns of entities of what was read last.
    entities: EntityColumns,
    /// What the binder may know of parameters.
    parameter_types: ParameterTypes,
    /// The plans so far, where the query is explained and not run.
    explained: Option<Mutex<Vec<ExplainedClause>>>,
}

impl<'a> Writer<'a> {
    fn new(
        storage: &'a Arc<dyn Storage>,
        options: &'a QueryOptions,
        snapshot: Arc<dyn Snapshot>,
        cancellation: &CancellationHandle,
    ) -> Self {
        Self {
            storage,
            options,
            transaction: Transaction::new(snapshot),
            cancellation: cancellation.clone(),
            now: now(),
            warnings: Vec::new(),
            entities: EntityColumns::default(),
            parameter_types: ParameterTypes::Known,
            explained: None,
        }
    }

    /// Begins with the plans of another clause, where the query is explained.
    fn explain_clause(&self, name: &str) {
        if let Some(explained) = &self.explained
            && let Ok(mut explained) = explained.lock()
        {
            explained.push(ExplainedClause {
                name: name.to_owned(),
                plans: Vec::new(),
            });
        }
    }

    /// Adds a plan to those of the clause, where the query is explained.
    fn explain_plan(&self, root: &Arc<dyn PhysicalOperator>) {
        if let Some(explained) = &self.explained
            && let Ok(mut explained) = explained.lock()
            && let Some(clause) = explained.last_mut()
        {
            clause.plans.push(Arc::clone(root));
        }
    }

    /// Whether an error of binding may be owed to the types of parameters alone.
    fn may_fit_at_run_time(&self, error: &Error) -> bool {
        let schema = Arc::new(self.transaction.schema().clone());
        let statistics = Arc::clone(self.transaction.snapshot().statistics());
        let context = self.context(&schema, &statistics);
        context.may_fit_at_run_time(error)
    }

    /// What clauses are bound against.
    fn context<'c>(
        &'c self,
        schema: &'c Arc<GraphSchema>,
        statistics: &'c Arc<GraphStatistics>,
    ) -> BindContext<'c> {
        BindContext {
            schema,
            statistics,
            parameters: &self.options.parameters,
            tables: self.options.tables.parameter_names(),
            parameter_types: self.parameter_types,
            may_hold_deleted: self.transaction.deletes(),
            functions: &self.options.functions,
            now: &self.now,
            constant: &constant,
        }
    }

    /// Runs every branch; the rows of the result.
    async fn run(&mut self, query: &Query) -> Result<Found> {
        query.check(self.transaction.schema())?;
        let mut branches = Vec::new();
        for branch in 0..query.branches() {
            branches.push(self.branch(query, branch).await?);
        }
        if branches.len() == 1 {
            return Ok(branches.swap_remove(0));
        }
        let rows = self.united(query, branches).await?;
        let schema = Arc::new(self.transaction.schema().clone());
        let statistics = Arc::clone(self.transaction.snapshot().statistics());
        let results = bind_results(&rows.leaf(), self.context(&schema, &statistics))?;
        self.entities = EntityColumns::of(&results)?;
        self.evaluate(&results).await
    }

    /// The rows of all branches of a UNION.
    async fn united(&self, query: &Query, branches: Vec<Found>) -> Result<Found> {
        let names: Vec<&str> = branches[0].schema.names().collect();
        for other in &branches[1..] {
            if !other.schema.names().eq(names.iter().copied()) {
                return Err(Error::invalid_query(
                    "the branches of a UNION need the same columns in the same order",
                )
                .with_code("SyntaxError:DifferentColumnsInUnion"));
            }
        }
        let leaves = branches.iter().map(|branch| Arc::new(branch.leaf()));
        let inputs = LogicalPlan::same_types(leaves.collect())?;
        let mut plan = LogicalPlan::Union { inputs };
        if query.is_distinct_union() {
            plan = LogicalPlan::Distinct {
                input: Arc::new(plan),
            };
        }
        self.evaluate(&plan).await
    }

    async fn branch(&mut self, query: &Query, branch: usize) -> Result<Found> {
        let mut rows = Found::unit()?;
        if self.explained.is_some() {
            rows = Found::none(rows.schema);
        }
        let parts = query.parts(branch);
        let returned = matches!(parts.last(), Some(QueryPart::Return(_)));
        let state = BindState::default();
        let (rows, _) = self.parts(query, branch, parts, rows, state).await?;
        if returned {
            return Ok(rows);
        }
        // A query that ends with a write has no columns and no rows.
        Ok(Found::none(grism_logical::PlanSchema::default()))
    }

    /// Runs parts of a branch on top of the rows so far.
    async fn parts(
        &mut self,
        query: &Query,
        branch: usize,
        parts: Vec<QueryPart>,
        mut rows: Found,
        mut state: BindState,
    ) -> Result<(Found, BindState)> {
        let mut parts = parts.into_iter().peekable();
        while let Some(part) = parts.next() {
            let schema = Arc::new(self.transaction.schema().clone());
            // The snapshot goes at once: what is changed while it is there would be copied first.
            let statistics = Arc::clone(self.transaction.snapshot().statistics());
            let keeps_rows = parts.peek().is_some();
            let context = self.context(&schema, &statistics);
            match &part {
                QueryPart::Write { clause, patterns } => {
                    let mut write =
                        query.bind_write(branch, *clause, patterns.as_ref(), &state, context)?;
                    self.warn(std::mem::take(&mut write.warnings));
                    self.explain_clause(write.kind.name());
                    rows = self.write(&write, rows, keeps_rows).await?;
                    state = BindState {
                        scope: self.typed_scope(&write, &rows),
                        columns: rows.schema.clone(),
                        counter: write.counter,
                    };
                }
                QueryPart::Nested { clause } => {
                    let nested = query.bind_nested(branch, *clause, &state, context)?;
                    let run = self.nested(&nested, rows, state);
                    (rows, state) = on_stack(run).await?;
                }
                part => {
                    let bound = query.bind_read(branch, part, &state, context)?;
                    self.warn(bound.warnings);
                    self.explain_clause("Read");
                    self.entities = EntityColumns::of(&bound.plan)?;
                    rows = self.evaluate(&bound.plan.with_rows(&rows.leaf())?).await?;
                    state = bound.state;
                }
            }
        }
        Ok((rows, state))
    }

    /// Notes warnings, each once: what runs row by row is bound for each row.
    fn warn(&mut self, warnings: Vec<Warning>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// The variables after a write, with the types of the columns that hold them.
    fn typed_scope(&self, write: &BoundWrite, rows: &Found) -> grism_cypher::Scope {
        let mut scope = write.scope.clone();
        for variable in &mut scope.variables {
            if let Some(column) = rows.schema.find(&variable.column) {
                variable.ty = column.ty.clone();
            }
        }
        scope
    }

    /// The rows of a plan over the graph as it is now.
    async fn evaluate(&self, plan: &LogicalPlan) -> Result<Found> {
        self.evaluate_with(plan, self.options.runtime.clone()).await
    }

    /// The rows of a plan that searches for each row of its leaf.
    async fn search(&self, plan: &LogicalPlan) -> Result<Found> {
        let mut runtime = self.options.runtime.clone();
        runtime.batch_rows = runtime.batch_rows.max(SEARCHED_ROWS);
        self.evaluate_with(plan, runtime).await
    }

    async fn evaluate_with(&self, plan: &LogicalPlan, mut runtime: RuntimeConfig) -> Result<Found> {
        if let LogicalPlan::Rows { schema, rows } = plan {
            let found = Found::new(schema.clone(), rows.clone());
            return Ok(found.until(&self.cancellation));
        }
        // The transaction and the rows between clauses take their shares beside the operators.
        runtime.memory_limit = runtime.memory_limit.map(|limit| limit / 2);
        let snapshot = Arc::new(self.transaction.snapshot());
        let optimized = optimize(plan.clone(), facts(snapshot.as_ref()))?;
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
            threads: self.options.runtime.workers(),
        });
        let plan = planner.plan(&optimized)?;
        self.explain_plan(&plan.root);
        let schema = plan.root.schema().columns().clone();
        let executor =
            LocalExecutor::with_config(runtime).with_cancellation(self.cancellation.clone());
        let run = executor.execute_at(plan, self.options.tables.over(self.storage), snapshot)?;
        let mut batches = run.into_stream();
        let mut found = FoundBuffer::new(self.storage.memory());
        while let Some(batch) = batches.try_next().await? {
            found.push(batch)?;
        }
        Ok(found.finish(schema)?.until(&self.cancellation))
    }

    /// Runs a clause that writes; `keeps_rows` where another one follows.
    async fn write(&mut self, write: &BoundWrite, rows: Found, keeps_rows: bool) -> Result<Found> {
        let before: Vec<String> = rows.schema.names().map(str::to_owned).collect();
        match &write.kind {
            WriteKind::Create(created) => {
                let rows = self.evaluate_in_order(&write.plan, &rows).await?;
                self.create(created, &rows, &before, keeps_rows).await
            }
            WriteKind::Merge(merge) => self.merge(write, merge, &rows, &before, keeps_rows).await,
            WriteKind::Set(items) => {
                self.set(&write.plan, items, &rows).await?;
                Ok(rows)
            }
            WriteKind::Delete { targets, detach } => {
                let computed = self.evaluate(&write.plan.with_rows(&rows.leaf())?).await?;
                self.delete(targets, *detach, &computed).await?;
                Ok(rows)
            }
        }
    }
}
