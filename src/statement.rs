//! Runs statements, of every kind.

use std::time::Duration;

use grism_core::{Error, Result, SnapshotSelector, VacuumOptions};
use grism_cypher::{ExplainOptions, Query, ShowKind, Statement, StatementKind};
use grism_engine::{CancellationHandle, ExecutionResult, PhysicalSchema};
use grism_logical::PlanSchema;

use crate::Graph;
use crate::copy::copy_from;
use crate::copy_to::copy_to;
use crate::entity_columns::EntityColumns;
use crate::explain::{FinishedRun, Measure, explain_query, explain_statement};
use crate::query::{QueryOptions, QueryResult, run_prepared};
use crate::show::show;
use crate::write::write_query;

impl Graph {
    /// Runs the statements of `text` one after the other and returns the result of the last one, with the warnings of all.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, and everything a run can meet. No statement is run where one of them
    /// does not parse; statements before one that fails stay done.
    pub async fn execute(&self, text: &str, options: &QueryOptions) -> Result<QueryResult> {
        let mut last: Option<QueryResult> = None;
        let mut warnings = Vec::new();
        for statement in self.plans.statements(text)?.iter() {
            if let Some(mut before) = last.take() {
                warnings.append(&mut before.warnings);
                before.collect().await?;
            }
            last = Some(self.run(statement, options).await?);
        }
        let mut last = last.ok_or_else(|| Error::invalid_query("the query is empty"))?;
        last.warnings.splice(0..0, warnings);
        Ok(last)
    }

    /// Runs one query, which only reads.
    ///
    /// # Errors
    /// `InvalidQuery` with the place of what is wrong, and everything a run can meet.
    pub async fn query(&self, text: &str, options: &QueryOptions) -> Result<QueryResult> {
        match &self.plans.statements(text)?[..] {
            [statement] => {
                let reads = match &statement.kind {
                    StatementKind::Query(query) => !query.writes(),
                    StatementKind::Explain { options, query } => {
                        !(options.analyze && query.writes())
                    }
                    StatementKind::Show(_) => true,
                    _ => false,
                };
                if !reads {
                    return Err(Error::invalid_query(
                        "query() only reads; use execute() for this statement",
                    ));
                }
                self.run(statement, options).await
            }
            _ => Err(Error::invalid_query(
                "query() takes one statement; use execute() for several",
            )),
        }
    }

    /// The plan of a query as text.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain(
        &self,
        text: &str,
        explain: ExplainOptions,
        options: &QueryOptions,
    ) -> Result<String> {
        let query = self.parsed(text)?;
        explain_query(self, &query, explain, options, Measure::Run).await
    }

    /// The plan of a query with what a run of it in stages did, which was planned with these options: with ANALYZE.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn explain_finished(
        &self,
        text: &str,
        explain: ExplainOptions,
        options: &QueryOptions,
        run: FinishedRun,
    ) -> Result<String> {
        let query = self.parsed(text)?;
        explain_query(self, &query, explain, options, Measure::Finished(run)).await
    }

    /// Lists labels, hyperedge types, properties or snapshots.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn show(&self, kind: ShowKind, snapshot: SnapshotSelector) -> Result<QueryResult> {
        show(self.storage.as_ref(), &self.functions(), kind, snapshot).await
    }

    /// Runs a query, which only reads.
    pub(crate) async fn read(&self, query: &Query, options: &QueryOptions) -> Result<QueryResult> {
        let cancellation = options.begin();
        let prepared = self.plan(query, options).await?;
        let mut result = run_prepared(&self.storage, &prepared, options, cancellation).await?;
        result.entities = EntityColumns::of(&prepared.bound)?;
        result.warnings = prepared.warnings;
        Ok(result)
    }

    /// Runs one statement that was parsed.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run(&self, statement: &Statement, options: &QueryOptions) -> Result<QueryResult> {
        options.engine.check()?;
        let options = &*self.with_registered(options);
        let graph = &self.within(options.runtime.memory_limit);
        match &statement.kind {
            StatementKind::Query(query) => {
                if query.writes() {
                    return write_query(&graph.storage, query, options).await;
                }
                graph.read(query, options).await
            }
            StatementKind::Explain {
                options: explain,
                query,
            } => explain_statement(graph, query, *explain, options).await,
            StatementKind::CreateHyperedgeType {
                hyperedge_type,
                if_not_exists,
            } => {
                match if_not_exists {
                    true => graph.declare_if_missing(hyperedge_type.clone()).await?,
                    false => graph.declare(hyperedge_type.clone()).await?,
                };
                Ok(nothing())
            }
            StatementKind::DropHyperedgeType { name, if_exists } => {
                graph.drop_type(name, *if_exists).await?;
                Ok(nothing())
            }
            StatementKind::Alter(alteration) => {
                graph.alter(alteration).await?;
                Ok(nothing())
            }
            StatementKind::CreateIndex {
                index,
                if_not_exists,
            } => {
                let built = graph.create_index(index.clone(), *if_not_exists);
                until(options.begin(), built).await?;
                Ok(nothing())
            }
            StatementKind::DropIndex { name, if_exists } => {
                graph.drop_index(name, *if_exists).await?;
                Ok(nothing())
            }
            StatementKind::CreateConstraint {
                constraint,
                if_not_exists,
            } => {
                let constraint = constraint.clone();
                let checked = graph.create_constraint(constraint, *if_not_exists);
                until(options.begin(), checked).await?;
                Ok(nothing())
            }
            StatementKind::DropConstraint { name, if_exists } => {
                graph.drop_constraint(name, *if_exists).await?;
                Ok(nothing())
            }
            StatementKind::Optimize => {
                until(options.begin(), graph.optimize()).await?;
                Ok(nothing())
            }
            StatementKind::Vacuum { retain_hours, keep } => {
                let mut vacuum = VacuumOptions::default();
                if let Some(hours) = retain_hours {
                    vacuum.retain = Duration::from_secs(hours.saturating_mul(3600));
                }
                vacuum.keep = keep.unwrap_or(vacuum.keep);
                until(options.begin(), graph.vacuum(&vacuum)).await?;
                Ok(nothing())
            }
            StatementKind::CopyFrom(copy) => {
                let report = copy_from(graph, copy, options).await?;
                let mut result = nothing();
                result.load = Some(report);
                Ok(result)
            }
            StatementKind::CopyTo(copy) => {
                copy_to(graph, copy, options).await?;
                Ok(nothing())
            }
            StatementKind::Show(kind) => {
                let storage = graph.storage.as_ref();
                show(storage, &options.functions, *kind, options.snapshot).await
            }
        }
    }
}

/// What `work` gives, which is dropped where the statement has to stop: what it has written by then, nothing names.
async fn until<T>(
    cancellation: CancellationHandle,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        done = work => done,
        error = cancellation.cancelled() => Err(error),
    }
}

/// The result of a statement that returns no rows.
fn nothing() -> QueryResult {
    let schema = PhysicalSchema::from(PlanSchema::default());
    QueryResult::new(ExecutionResult::of_batches(schema, std::iter::empty()))
}
