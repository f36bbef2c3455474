//! What one clause reads and writes: plans run over the graph as it is by now, and clauses change it.

use std::sync::{Arc, Mutex, PoisonError};

use futures::TryStreamExt;
use grism_core::{MemoryManager, Result, WriteTarget};
use grism_logical::optimizer::Facts;
use grism_logical::{LogicalPlan, Write, WriteKind};

use super::clause_binder::GraphState;
use super::clause_rows::{ClauseRows, ClauseRowsBuilder};
use super::host::WriteHost;
use crate::{CancellationHandle, PhysicalOperator, RuntimeConfig};

/// Rows that a MERGE searches for together, at least: each such batch may read all that could match.
const SEARCHED_ROWS: usize = 1 << 17;

/// A clause of a query that is planned and not run, and the plans that it would run.
#[derive(Clone, Debug)]
pub struct PlannedClause {
    /// What it does: `Read`, or what a [`LogicalPlan::Write`] is called.
    pub name: String,
    /// What it reads or writes, in one line.
    pub detail: String,
    /// The roots of its plans, in their order.
    pub plans: Vec<Arc<dyn PhysicalOperator>>,
}

/// Whether the rows behind a clause that writes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutputRows {
    /// Another clause reads them.
    Kept,
    /// Nothing reads them.
    Dropped,
}

/// Changes on top of a snapshot, and what is read of both.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    host: &'a dyn WriteHost,
    settings: &'a RuntimeConfig,
    pub(super) target: Box<dyn WriteTarget>,
    /// Stops the statement.
    pub(super) cancellation: CancellationHandle,
    /// The plans so far, where the query is planned and not run.
    planned: Option<Mutex<Vec<PlannedClause>>>,
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
            planned: None,
        }
    }

    /// The same writer, for a query that is planned and not run.
    pub(super) fn planning(mut self) -> Self {
        self.planned = Some(Mutex::default());
        self
    }

    /// Whether the query is planned and not run.
    pub(super) fn plans_only(&self) -> bool {
        self.planned.is_some()
    }

    /// The plans so far.
    pub(super) fn into_planned(self) -> Vec<PlannedClause> {
        let planned = self.planned.unwrap_or_default().into_inner();
        planned.unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with the plans of another clause, where the query is planned.
    pub(super) fn begin_clause(&mut self, name: &str, detail: impl FnOnce() -> String) {
        if let Some(planned) = &mut self.planned {
            let planned = planned.get_mut().unwrap_or_else(PoisonError::into_inner);
            planned.push(PlannedClause {
                name: name.to_owned(),
                detail: detail(),
                plans: Vec::new(),
            });
        }
    }

    /// Adds a plan to those of the clause, where the query is planned.
    fn add_plan(&self, root: &Arc<dyn PhysicalOperator>) {
        if let Some(planned) = &self.planned {
            let mut planned = planned.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(clause) = planned.last_mut() {
                clause.plans.push(Arc::clone(root));
            }
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
        self.evaluate_with(plan, self.settings.clone()).await
    }

    /// The rows of a plan that searches for each row of its leaf.
    pub(super) async fn search(&self, plan: &LogicalPlan) -> Result<ClauseRows> {
        let mut settings = self.settings.clone();
        settings.batch_rows = settings.batch_rows.max(SEARCHED_ROWS);
        self.evaluate_with(plan, settings).await
    }

    async fn evaluate_with(
        &self,
        plan: &LogicalPlan,
        mut settings: RuntimeConfig,
    ) -> Result<ClauseRows> {
        if let LogicalPlan::Rows { schema, rows } = plan {
            let known = ClauseRows::new(schema.clone(), rows.clone());
            return Ok(known.until(&self.cancellation));
        }
        // The target's changes and the rows between clauses take their shares beside the operators.
        settings.memory_limit = settings.memory_limit.map(|limit| limit / 2);
        let snapshot = self.target.snapshot();
        let facts = Facts {
            schema: snapshot.schema(),
            statistics: snapshot.statistics(),
        };
        let plan = self
            .host
            .plan(&self.host.rewrites().optimize(plan.clone(), facts)?)?;
        self.add_plan(&plan.root);
        let schema = plan.root.schema().columns().clone();
        let mut batches = self
            .host
            .read(plan, snapshot, settings, &self.cancellation)?;
        let mut output = self.buffer();
        while let Some(batch) = batches.try_next().await? {
            output.push(batch)?;
        }
        Ok(output.finish(schema)?.until(&self.cancellation))
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
