//! One statement: where it writes, with which settings, and its result.

use std::sync::Arc;

use grism_core::{Result, Snapshot, SnapshotSelector, Storage, WriteCounts};
use grism_logical::{PlanSchema, Rows};

use super::clause_binder::ClauseBinder;
use super::clause_rows::ClauseRows;
use super::clauses::Clauses;
use super::host::WriteHost;
use super::writer::{PlannedClause, Writer};
use crate::{CancellationHandle, RuntimeConfig};

/// What all commits of a statement have in common.
#[derive(Clone, Debug)]
pub(super) struct Statement<'a> {
    host: &'a dyn WriteHost,
    settings: RuntimeConfig,
    cancellation: CancellationHandle,
}

/// What a query returned and wrote.
#[derive(Clone, Debug)]
pub struct WrittenQuery {
    /// The columns that it returned; none where it returns nothing.
    pub schema: PlanSchema,
    /// The rows that it returned.
    pub rows: Rows,
    /// What it wrote.
    pub counts: WriteCounts,
}

impl<'a> Statement<'a> {
    pub(super) fn new(
        host: &'a dyn WriteHost,
        settings: RuntimeConfig,
        cancellation: CancellationHandle,
    ) -> Self {
        Self {
            host,
            settings,
            cancellation,
        }
    }

    /// The plans of a query over no rows, clause by clause.
    pub(super) async fn plan<B: ClauseBinder>(
        &self,
        binder: &mut B,
        query: &B::Query,
        snapshot: SnapshotSelector,
    ) -> Result<Vec<PlannedClause>> {
        loop {
            binder.restart();
            binder.begin();
            let snapshot = self.storage().snapshot(snapshot).await?;
            let mut clauses = Clauses::new(binder, self.writer(snapshot).planning());
            match clauses.run(query).await {
                Err(error) if clauses.binds_again(&error) => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(clauses.into_planned()),
            }
        }
    }

    /// The graph that is written to.
    pub(super) fn storage(&self) -> &Arc<dyn Storage> {
        self.host.storage()
    }

    /// What stops the statement.
    pub(super) fn cancellation(&self) -> &CancellationHandle {
        &self.cancellation
    }

    /// Clauses over the newest snapshot, with no changes yet.
    pub(super) async fn begin<'b, B: ClauseBinder>(
        &'b self,
        binder: &'b mut B,
    ) -> Result<Clauses<'b, B>> {
        binder.begin();
        let snapshot = self.storage().snapshot(SnapshotSelector::Newest).await?;
        Ok(Clauses::new(binder, self.writer(snapshot)))
    }

    fn writer(&self, snapshot: Arc<dyn Snapshot>) -> Writer<'_> {
        let target = self.host.begin(snapshot);
        Writer::new(self.host, target, &self.settings, &self.cancellation)
    }
}

impl WrittenQuery {
    pub(super) fn of(rows: ClauseRows, counts: WriteCounts) -> Self {
        let (schema, rows) = rows.into_parts();
        Self {
            schema,
            rows,
            counts,
        }
    }
}
