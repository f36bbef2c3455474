//! What one clause reads and writes: plans run over the graph as it is by now, and clauses change it.

use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt;
use grism_core::{MemoryManager, Result, WriteTarget};
use grism_logical::optimizer::{Facts, RuleChange};
use grism_logical::{LogicalPlan, Write, WriteKind};

use super::clause_binder::GraphState;
use super::clause_rows::{ClauseRows, ClauseRowsBuilder};
use super::host::WriteHost;
use super::recorder::{ClauseRead, ReadPlace, Recorder, RuleNotes};
use crate::{CancellationHandle, RuntimeConfig};

/// Rows that a MERGE searches for together, at least: each such batch may read all that could match.
const SEARCHED_ROWS: usize = 1 << 17;

/// Whether the rows behind a clause that writes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputRows {
    /// Another clause reads them.
    Kept,
    /// Nothing reads them.
    Dropped,
}

/// Whether a query runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Execution {
    /// It does.
    Run,
    /// It is planned over no rows, and what it changes is dropped.
    PlanOnly,
}

/// Changes on top of a snapshot, and what is read of both.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    host: &'a dyn WriteHost,
    settings: &'a RuntimeConfig,
    pub(super) target: Box<dyn WriteTarget>,
    /// Stops the statement.
    pub(super) cancellation: CancellationHandle,
    execution: Execution,
    /// Takes notes of the clauses, where the query is explained.
    recorder: Option<&'a Recorder>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        host: &'a dyn WriteHost,
        target: Box<dyn WriteTarget>,
        settings: &'a RuntimeConfig,
        cancellation: &CancellationHandle,
    ) -> Self {
        Self {
            host,
            settings,
            target,
            cancellation: cancellation.clone(),
            execution: Execution::Run,
            recorder: None,
        }
    }

    /// The same writer, for a query that is planned and not run.
    pub(super) fn planning(mut self) -> Self {
        self.execution = Execution::PlanOnly;
        self
    }

    /// The same writer, of whose clauses `recorder` takes notes.
    pub(super) fn recording(mut self, recorder: Option<&'a Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Whether the query is planned and not run.
    pub(super) fn plans_only(&self) -> bool {
        self.execution == Execution::PlanOnly
    }

    /// Notes that a clause of a branch begins, or what else there is to do at its place.
    pub(super) fn enter(&self, branch: usize, clause: usize) {
        if let Some(recorder) = self.recorder {
            recorder.enter((branch, clause), self.target.counts());
        }
    }

    /// Notes what the clause is that has begun.
    pub(super) fn describe(&self, name: &str, detail: impl FnOnce() -> String) {
        if let Some(recorder) = self.recorder {
            recorder.describe(name, detail());
        }
    }

    /// Notes that the clause ends, and how many rows it found or ran for.
    pub(super) fn leave(&self, rows: usize) {
        if let Some(recorder) = self.recorder {
            recorder.leave(rows, self.target.counts());
        }
    }

    /// The graph as it is now, for who binds the next clause.
    pub(super) fn graph(&self) -> GraphState {
        GraphState {
            schema: Arc::new(self.target.schema().clone()),
            // The snapshot goes at once: what is changed while it is there would be copied first.
            statistics: Arc::clone(self.target.snapshot().statistics()),
            may_hold_deleted: self.target.deletes(),
        }
    }

    /// Takes rows, which wait in files past their share of the memory limit.
    pub(super) fn buffer(&self) -> ClauseRowsBuilder {
        ClauseRowsBuilder::new(self.memory())
    }

    /// The memory that the statement may take.
    pub(super) fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.host.storage().memory()
    }

    /// The rows of a plan over the graph as it is now.
    pub(super) async fn evaluate(&self, plan: &LogicalPlan) -> Result<ClauseRows> {
        self.evaluate_with(plan, ReadPlace::Writer, self.settings.clone())
            .await
    }

    /// The rows of a clause that reads, over the rows so far.
    pub(super) async fn read(&self, plan: &LogicalPlan, rows: &ClauseRows) -> Result<ClauseRows> {
        let is_first = rows.schema.columns.is_empty() && self.target.counts().is_empty();
        let place = match is_first {
            true => ReadPlace::Anywhere,
            false => ReadPlace::Writer,
        };
        let plan = plan.with_rows(&rows.leaf())?;
        self.evaluate_with(&plan, place, self.settings.clone())
            .await
    }

    /// The rows of a plan that searches for each row of its leaf.
    pub(super) async fn search(&self, plan: &LogicalPlan) -> Result<ClauseRows> {
        let mut settings = self.settings.clone();
        settings.batch_rows = settings.batch_rows.max(SEARCHED_ROWS);
        self.evaluate_with(plan, ReadPlace::Writer, settings).await
    }

    async fn evaluate_with(
        &self,
        plan: &LogicalPlan,
        place: ReadPlace,
        mut settings: RuntimeConfig,
    ) -> Result<ClauseRows> {
        if let LogicalPlan::Rows { schema, rows } = plan {
            let known = ClauseRows::new(schema.clone(), rows.clone());
            return Ok(known.until(&self.cancellation));
        }
        let begun = Instant::now();
        // The target's changes and the rows between clauses take their shares beside the operators.
        settings.memory_limit = settings.memory_limit.map(|limit| limit / 2);
        let snapshot = self.target.snapshot();
        let facts = Facts {
            schema: snapshot.schema(),
            statistics: snapshot.statistics(),
        };
        let (optimized, rules) = self.optimized(plan, facts)?;
        // Over no rows nothing is worth a start of stages.
        let runs_at = match self.execution {
            Execution::Run => place,
            Execution::PlanOnly => ReadPlace::Writer,
        };
        let reading = self
            .host
            .read(&optimized, runs_at, snapshot, settings, &self.cancellation);
        let result = reading.await?;
        let schema = result.schema().columns().clone();
        let run = result.run().clone();
        let mut batches = result.into_stream();
        let mut output = self.buffer();
        while let Some(batch) = batches.try_next().await? {
            output.push(batch)?;
        }
        drop(batches);
        if let Some(recorder) = self.recorder {
            let read = ClauseRead {
                bound: plan.clone(),
                optimized,
                rules,
                place,
                operators: run.operators(),
                tasks: run.tasks(),
            };
            recorder.read(read, begun.elapsed());
        }
        Ok(output.finish(schema)?.until(&self.cancellation))
    }

    /// A plan after the optimizer, and what its rules changed, where that is asked for.
    fn optimized(
        &self,
        plan: &LogicalPlan,
        facts: Facts<'_>,
    ) -> Result<(LogicalPlan, Vec<RuleChange>)> {
        let rewrites = self.host.rewrites();
        let notes = self.recorder.map(Recorder::rules);
        match notes {
            Some(RuleNotes::Kept) => rewrites.optimize_verbosely(plan.clone(), facts),
            Some(RuleNotes::Dropped) | None => {
                Ok((rewrites.optimize(plan.clone(), facts)?, Vec::new()))
            }
        }
    }

    /// Runs a clause that writes; the rows are kept where another one follows.
    pub(super) async fn write(
        &mut self,
        write: &Write,
        rows: ClauseRows,
        output: OutputRows,
    ) -> Result<ClauseRows> {
        let before: Vec<String> = rows.schema.names().map(str::to_owned).collect();
        match &write.kind {
            WriteKind::Create(created) => {
                let rows = self.evaluate_in_order(&write.input, &rows).await?;
                self.create(created, &rows, &before, output).await
            }
            WriteKind::Merge(merge) => {
                self.merge(&write.input, merge, &rows, &before, output)
                    .await
            }
            WriteKind::Set(items) => {
                self.set(&write.input, items, &rows).await?;
                Ok(rows)
            }
            WriteKind::Delete { targets, mode } => {
                let computed = self.evaluate(&write.input.with_rows(&rows.leaf())?).await?;
                self.delete(targets, *mode, &computed).await?;
                Ok(rows)
            }
        }
    }
}
