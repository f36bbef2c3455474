//! `QueryWriter`: runs a query that writes, and commits what it wrote.

use grism_core::{Result, SnapshotSelector};

use super::clause_binder::ClauseBinder;
use super::host::WriteHost;
use super::recorder::Recorder;
use super::statement::{Statement, WrittenQuery};
use super::transactions::write_in_transactions;
use crate::{CancellationHandle, CommitAttempts, RuntimeConfig};

/// Runs queries that write.
#[derive(Clone, Debug)]
pub struct QueryWriter<'a>(Statement<'a>);

impl<'a> QueryWriter<'a> {
    /// Writes through `host`, with these settings, until `cancellation`.
    #[must_use]
    pub fn new(
        host: &'a dyn WriteHost,
        settings: RuntimeConfig,
        cancellation: CancellationHandle,
    ) -> Self {
        Self(Statement::new(host, settings, cancellation))
    }

    /// The same writer, of whose clauses `recorder` takes notes.
    #[must_use]
    pub fn recording(self, recorder: &'a Recorder) -> Self {
        Self(self.0.recording(recorder))
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
            return write_in_transactions(&self.0, binder, query, clause).await;
        }
        let mut attempts = CommitAttempts::of(self.0.storage());
        loop {
            let turn = attempts.next().await?;
            binder.restart();
            let mut clauses = self.0.begin(binder).await?;
            let rows = match clauses.run(query).await {
                // Nothing is committed yet, so the query can start again.
                Err(error) if clauses.binds_again(&error) => continue,
                rows => rows?,
            };
            let target = clauses.into_target();
            if let Some(counts) = self.0.commit(target, turn, &attempts).await? {
                return Ok(WrittenQuery::of(rows, counts));
            }
        }
    }

    /// Plans a query for the notes of its recorder, clause by clause: it is bound and planned over no rows, so that nothing is
    /// written.
    ///
    /// # Errors
    /// Those of binding and planning; `NotFound` where there is no such snapshot.
    pub async fn plan<B: ClauseBinder>(
        &self,
        binder: &mut B,
        query: &B::Query,
        snapshot: SnapshotSelector,
    ) -> Result<()> {
        self.0.plan(binder, query, snapshot).await
    }
}
