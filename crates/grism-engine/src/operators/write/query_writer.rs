//! `QueryWriter`: runs a query that writes, and commits what it wrote.

use std::sync::Arc;

use grism_core::{Result, SnapshotId, Storage, WriteCounts};
use grism_logical::{PlanSchema, Rows};

use super::clause_binder::ClauseBinder;
use super::clauses::Clauses;
use super::found::Found;
use super::host::WriteHost;
use super::transactions::write_in_transactions;
use super::writer::{PlannedClause, Writer};
use crate::{CancellationHandle, CommitAttempts, RuntimeConfig};

/// Runs queries that write.
#[derive(Clone, Debug)]
pub struct QueryWriter<'a> {
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

impl<'a> QueryWriter<'a> {
    /// Writes through `host`, with these settings, until `cancellation`.
    #[must_use]
    pub fn new(
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

    /// Runs a query, and commits what it wrote; again on the new snapshot where another writer was first.
    ///
    /// # Errors
    /// Those of binding, reading and writing; `Conflict` where other writers were first again and again. Nothing is committed then,
    /// but for the batches of a query that commits as it goes on.
    pub async fn write<B: ClauseBinder>(
        &self,
        binder: &mut B,
        query: &B::Query,
    ) -> Result<WrittenQuery> {
        binder.restart();
        if let Some(clause) = binder.transactions(query)? {
            return write_in_transactions(self, binder, query, clause).await;
        }
        let mut attempts = CommitAttempts::of(self.storage());
        loop {
            let turn = attempts.next().await?;
            binder.restart();
            let mut clauses = self.begin(binder).await?;
            let found = match clauses.run(query).await {
                // Nothing is committed yet, so the query can start again.
                Err(error) if clauses.binds_again(&error) => continue,
                found => found?,
            };
            let target = clauses.into_target();
            let counts = target.counts();
            let mut changes = target.finish()?.with_operation("statement");
            changes.turn = turn;
            let committed = if counts.is_empty() {
                Ok(changes.base)
            } else {
                self.storage().commit(changes).await
            };
            match committed {
                Err(error) if attempts.again(&error) => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(WrittenQuery::of(found, counts)),
            }
        }
    }

    /// The plans of a query, clause by clause: it is bound and planned over no rows, so that nothing is written.
    ///
    /// # Errors
    /// Those of binding and planning; `NotFound` where there is no such snapshot.
    pub async fn plan<B: ClauseBinder>(
        &self,
        binder: &mut B,
        query: &B::Query,
        snapshot: SnapshotId,
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

    /// The settings of the statement.
    pub(super) fn settings(&self) -> &RuntimeConfig {
        &self.settings
    }

    /// Clauses over the newest snapshot, with no changes yet.
    pub(super) async fn begin<'b, B: ClauseBinder>(
        &'b self,
        binder: &'b mut B,
    ) -> Result<Clauses<'b, B>> {
        binder.begin();
        let snapshot = self.storage().snapshot(SnapshotId::default()).await?;
        Ok(Clauses::new(binder, self.writer(snapshot)))
    }

    fn writer(&self, snapshot: Arc<dyn grism_core::Snapshot>) -> Writer<'_> {
        let target = self.host.begin(snapshot);
        Writer::new(self.host, target, &self.settings, &self.cancellation)
    }
}

impl WrittenQuery {
    pub(super) fn of(found: Found, counts: WriteCounts) -> Self {
        let (schema, rows) = found.into_parts();
        Self {
            schema,
            rows,
            counts,
        }
    }
}
