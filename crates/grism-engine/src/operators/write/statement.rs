//! One statement: where it writes, with which settings, and its result.

use std::sync::Arc;
use std::time::Instant;

use grism_core::{Result, Snapshot, SnapshotSelector, Storage, Turn, WriteCounts, WriteTarget};
use grism_logical::{PlanSchema, Rows};

use super::clause_binder::ClauseBinder;
use super::clause_rows::ClauseRows;
use super::clauses::Clauses;
use super::host::WriteHost;
use super::recorder::{CommitOutcome, Recorder};
use super::writer::Writer;
use crate::{CancellationHandle, CommitAttempts, RuntimeConfig};

/// What all commits of a statement have in common.
#[derive(Clone, Debug)]
pub(super) struct Statement<'a> {
    host: &'a dyn WriteHost,
    settings: RuntimeConfig,
    cancellation: CancellationHandle,
    recorder: Option<&'a Recorder>,
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
            recorder: None,
        }
    }

    /// The same statement, of whose clauses `recorder` takes notes.
    pub(super) fn recording(mut self, recorder: &'a Recorder) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// What takes notes of the clauses.
    pub(super) fn recorder(&self) -> Option<&'a Recorder> {
        self.recorder
    }

    /// Binds and plans a query over no rows, clause by clause.
    pub(super) async fn plan<B: ClauseBinder>(
        &self,
        binder: &mut B,
        query: &B::Query,
        snapshot: SnapshotSelector,
    ) -> Result<()> {
        loop {
            binder.restart();
            binder.begin();
            let snapshot = self.storage().snapshot(snapshot).await?;
            let mut clauses = Clauses::new(binder, self.writer(snapshot).planning());
            match clauses.run(query).await {
                Err(error) if clauses.binds_again(&error) => {}
                rows => return rows.map(drop),
            }
        }
    }

    /// The graph that is written to.
    pub(super) fn storage(&self) -> &Arc<dyn Storage> {
        self.host.storage()
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

    /// A writer on a snapshot, whose notes take the place of those that no commit has made valid.
    fn writer(&self, snapshot: Arc<dyn Snapshot>) -> Writer<'_> {
        if let Some(recorder) = self.recorder {
            recorder.restart();
        }
        let target = self.host.begin(snapshot);
        Writer::new(self.host, target, &self.settings, &self.cancellation).recording(self.recorder)
    }

    /// Commits changes; `None` where another writer was first and the statement is worth another attempt.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) async fn commit(
        &self,
        target: Box<dyn WriteTarget>,
        turn: Option<Turn>,
        attempts: &CommitAttempts,
    ) -> Result<Option<WriteCounts>> {
        let counts = target.counts();
        let mut changes = target.finish()?.with_operation("statement");
        if counts.is_empty() {
            if let Some(recorder) = self.recorder {
                recorder.keep();
            }
            return Ok(Some(counts));
        }
        changes.turn = turn;
        changes.cancellation = self.cancellation.clone();
        let begun = Instant::now();
        let committed = self.storage().commit(changes).await;
        if let Some(recorder) = self.recorder {
            let outcome = match &committed {
                Ok(_) => CommitOutcome::Made,
                Err(_) => CommitOutcome::Failed,
            };
            recorder.commit(begun.elapsed(), outcome);
        }
        match committed {
            Err(error) if attempts.may_retry(&error) => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Ok(Some(counts)),
        }
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
