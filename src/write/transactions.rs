//! `CALL { … } IN TRANSACTIONS`: batches of rows that are committed one after another.

use std::any::Any;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use grism_core::{CancellationHandle, Error, Result, SnapshotSelector, Storage};
use grism_cypher::{BindState, NestedQuery, ParameterTypes, Query, QueryPart, Warning};
use grism_logical::{PlanSchema, Rows};
use grism_storage::WriteCounts;

use super::found::{Found, FoundBuffer};
use super::nested::unified;
use super::{Writer, plan_write};
use crate::attempts::Attempts;
use crate::query::{QueryOptions, QueryResult};
use crate::views::TransactionStorage;

/// Runs a query whose subquery `clause` commits a batch of rows at a time. What is committed stays where a later batch
/// fails.
pub(super) async fn write_in_transactions(
    storage: &Arc<dyn Storage>,
    query: &Query,
    clause: usize,
    options: &QueryOptions,
    cancellation: &CancellationHandle,
) -> Result<QueryResult> {
    if (storage.as_ref() as &dyn Any).is::<TransactionStorage>() {
        return Err(Error::invalid_query(
            "IN TRANSACTIONS commits as it goes on, which no statement of a transaction does: run it on its own",
        ));
    }
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut is_after = false;
    for part in query.parts(0) {
        match part {
            QueryPart::Nested { clause: own } if own == clause => is_after = true,
            part if is_after => after.push(part),
            part => before.push(part),
        }
    }
    // What is committed cannot start again, so the types of parameters are settled before.
    let parameter_types = match options.parameters.is_empty() {
        true => ParameterTypes::Known,
        false => plan_write(storage, query, options, cancellation).await?.1,
    };
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
    let mut reader = Writer::new(storage, options, snapshot, cancellation);
    reader.parameter_types = parameter_types;
    query.check(reader.transaction.schema())?;
    let start = (Found::unit()?, BindState::default());
    let (rows, state) = reader.parts(query, 0, before, start.0, start.1).await?;
    let nested = reader.bind_nested(query, clause, &state)?;
    let mut counts = WriteCounts::default();
    let mut committed = Vec::new();
    let mut bound: Option<(PlanSchema, BindState)> = None;
    for batch in batches(&rows, nested.transaction_rows.unwrap_or(usize::MAX)) {
        let (found, own_state, own_counts, warnings) = commit_batch(
            storage,
            &nested,
            batch?,
            state.clone(),
            options,
            parameter_types,
            cancellation,
        )
        .await?;
        counts = counts.plus(&own_counts);
        reader.warn(warnings);
        bound = Some(match bound {
            None => (found.schema.clone(), own_state),
            Some((known, state)) => (unified(&known, &found.schema)?, state),
        });
        committed.push(found);
    }
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
    let mut writer = Writer::new(storage, options, snapshot, cancellation);
    writer.parameter_types = parameter_types;
    let (schema, mut state) = match bound {
        Some(bound) => bound,
        None => {
            let none = Found::none(rows.schema.clone());
            let (found, state) = writer.nested(&nested, none, state).await?;
            (found.schema, state)
        }
    };
    for variable in &mut state.scope.variables {
        if let Some(column) = schema.find(&variable.column) {
            variable.ty = column.ty.clone();
        }
    }
    state.columns = schema.clone();
    let mut output = FoundBuffer::new(storage.memory());
    for batch in committed.iter().flat_map(Found::batches) {
        output.push(batch?.converted(&schema)?)?;
    }
    let returns = matches!(after.last(), Some(QueryPart::Return(_)));
    let rows = output.finish(schema)?;
    let (found, _) = writer.parts(query, 0, after, rows, state).await?;
    let entities = writer.entities;
    reader.warn(writer.warnings);
    let found = match returns {
        true => found,
        false => Found::none(PlanSchema::default()),
    };
    let mut result = super::result(found, reader.warnings, counts);
    result.entities = entities;
    Ok(result)
}

/// Runs the subquery for one batch and commits it; again on the new snapshot where another writer was first.
async fn commit_batch(
    storage: &Arc<dyn Storage>,
    nested: &NestedQuery,
    rows: Found,
    state: BindState,
    options: &QueryOptions,
    parameter_types: ParameterTypes,
    cancellation: &CancellationHandle,
) -> Result<(Found, BindState, WriteCounts, Vec<Warning>)> {
    let mut attempts = Attempts::of(storage);
    loop {
        let turn = attempts.next().await?;
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
        let mut writer = Writer::new(storage, options, snapshot, cancellation);
        writer.parameter_types = parameter_types;
        let (found, bound) = writer.nested(nested, rows.clone(), state.clone()).await?;
        let counts = writer.transaction.counts();
        let warnings = std::mem::take(&mut writer.warnings);
        let mut changes = writer.transaction.finish()?.with_operation("statement");
        changes.turn = turn;
        changes.cancellation = cancellation.clone();
        if counts.is_empty() {
            return Ok((found, bound, counts, warnings));
        }
        match storage.commit(changes).await {
            Err(error) if attempts.again(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok((found, bound, counts, warnings)),
        }
    }
}

/// The rows in batches of `most`, the last of which may have fewer.
fn batches(rows: &Found, most: usize) -> impl Iterator<Item = Result<Found>> + Send {
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
        (!is_empty).then(|| Ok(Found::new(schema.clone(), Rows::new(pieces))))
    })
}
