//! `CALL { … } IN TRANSACTIONS`: batches of rows that are committed one after another.

use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, SnapshotSelector, WriteCounts};
use grism_logical::{PlanSchema, Rows};

use super::clause_binder::{BoundClause, ClauseBinder, ClausePlace, ClauseRange, NestedClause};
use super::clause_rows::{ClauseRows, ClauseRowsBuilder};
use super::nested::unified;
use super::statement::{Statement, WrittenQuery};
use crate::CommitAttempts;

/// Runs a query whose clause `clause` commits a batch of rows at a time. What is committed stays where a later batch fails.
pub(super) async fn write_in_transactions<B: ClauseBinder>(
    statement: &Statement<'_>,
    binder: &mut B,
    query: &B::Query,
    clause: usize,
) -> Result<WrittenQuery> {
    // What is committed cannot start again, so it is settled before how clauses are bound.
    if !binder.is_settled() {
        statement
            .plan(binder, query, SnapshotSelector::Newest)
            .await?;
        binder.restart();
    }
    let (nested, rows, state) = {
        let mut reader = statement.begin(binder).await?;
        reader.binder.check(query, &reader.writer.graph())?;
        let before = ClauseRange {
            query,
            branch: 0,
            clauses: 0..clause,
        };
        let (rows, state) = reader
            .clauses(before, ClauseRows::unit()?, B::Bound::default())
            .await?;
        let place = ClausePlace {
            query,
            branch: 0,
            clause,
        };
        let BoundClause::Nested(nested) = reader.bind(place, &state)? else {
            return Err(Error::internal("a clause without clauses of its own"));
        };
        (nested, rows, state)
    };
    keep_notes(statement);
    let mut counts = WriteCounts::default();
    let mut committed = Vec::new();
    let mut bound: Option<(PlanSchema, B::Bound)> = None;
    for batch in batches(&rows, nested.transaction_rows.unwrap_or(usize::MAX)) {
        let done = commit_batch(statement, binder, (&nested, clause), batch?, &state).await?;
        counts = counts.plus(&done.counts);
        bound = Some(match bound {
            None => (done.rows.schema.clone(), done.bound),
            Some((known, bound)) => (unified(&known, &done.rows.schema)?, bound),
        });
        committed.push(done.rows);
    }
    let mut clauses = statement.begin(binder).await?;
    let (schema, bound) = match bound {
        Some(bound) => bound,
        None => {
            let none = ClauseRows::none(rows.schema.clone());
            let (returned, bound) = clauses.nested(&nested, none, state).await?;
            (returned.schema, bound)
        }
    };
    let bound = clauses.binder.with_columns(bound, &schema);
    let mut output = ClauseRowsBuilder::new(statement.storage().memory());
    for batch in committed.iter().flat_map(ClauseRows::batches) {
        output.push(batch?.converted(&schema)?)?;
    }
    let rows = output.finish(schema)?;
    let after = ClauseRange {
        query,
        branch: 0,
        clauses: clause + 1..clauses.binder.clauses(query, 0),
    };
    let (rows, _) = clauses.clauses(after, rows, bound).await?;
    let rows = match clauses.binder.returns(query, 0) {
        true => rows,
        false => ClauseRows::none(PlanSchema::default()),
    };
    keep_notes(statement);
    Ok(WrittenQuery::of(rows, counts))
}

/// Keeps the notes of clauses that have read, which no commit follows.
fn keep_notes(statement: &Statement<'_>) {
    if let Some(recorder) = statement.recorder() {
        recorder.keep();
    }
}

/// What the clause did for a batch, which is committed.
struct Committed<T> {
    rows: ClauseRows,
    bound: T,
    counts: WriteCounts,
}

/// Runs the clause, which has this number, for one batch and commits it; again on the new snapshot where another writer was first.
async fn commit_batch<B: ClauseBinder>(
    statement: &Statement<'_>,
    binder: &mut B,
    (nested, clause): (&NestedClause<B::Query, B::Bound>, usize),
    rows: ClauseRows,
    state: &B::Bound,
) -> Result<Committed<B::Bound>> {
    let mut attempts = CommitAttempts::of(statement.storage());
    loop {
        let turn = attempts.next().await?;
        let mut clauses = statement.begin(binder).await?;
        clauses.writer.enter(0, clause);
        let (returned, bound) = clauses.nested(nested, rows.clone(), state.clone()).await?;
        clauses.writer.leave(rows.len());
        let target = clauses.into_target();
        if let Some(counts) = statement.commit(target, turn, &attempts).await? {
            return Ok(Committed {
                rows: returned,
                bound,
                counts,
            });
        }
    }
}

/// The rows in batches of `most`, the last of which may have fewer.
fn batches(rows: &ClauseRows, most: usize) -> impl Iterator<Item = Result<ClauseRows>> + Send {
    let schema = rows.schema.clone();
    let mut input = rows.batches();
    let mut rest: Option<RecordBatch> = None;
    std::iter::from_fn(move || {
        let (mut pieces, mut missing) = (Vec::new(), most);
        while missing > 0 {
            let batch = match rest.take() {
                Some(batch) => batch,
                None => match input.next() {
                    Some(Ok(batch)) => batch.batch,
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                },
            };
            let taken = missing.min(batch.num_rows());
            if taken < batch.num_rows() {
                rest = Some(batch.slice(taken, batch.num_rows() - taken));
            }
            missing -= taken;
            pieces.push(batch.slice(0, taken));
        }
        let is_empty = pieces.iter().all(|piece| piece.num_rows() == 0);
        (!is_empty).then(|| Ok(ClauseRows::new(schema.clone(), Rows::new(pieces))))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use grism_core::Type;
    use grism_logical::Column;

    use super::*;
    use crate::operators::write::clause_rows::ClauseBatch;

    #[test]
    fn batches_hold_all_rows_wherever_they_are_cut() {
        let batch = |values: Vec<i64>| {
            let values: ArrayRef = Arc::new(Int64Array::from(values));
            let rows = values.len();
            ClauseBatch::of(vec![(Column::new("x", Type::Int64), values)], rows).unwrap()
        };
        let (first, second) = (batch(vec![1, 2, 3]), batch(vec![4, 5]));
        let rows = Rows::new(vec![first.batch, second.batch]);
        let rows = ClauseRows::new(second.schema, rows);
        let sizes = |most: usize| -> Vec<usize> {
            let batches = batches(&rows, most);
            batches.map(|batch| batch.unwrap().len()).collect()
        };
        assert_eq!(sizes(2), [2, 2, 1]);
        assert_eq!(sizes(5), [5]);
        assert_eq!(sizes(usize::MAX), [5]);
        assert!(
            batches(&ClauseRows::none(rows.schema.clone()), 2)
                .next()
                .is_none()
        );
    }
}
