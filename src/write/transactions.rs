//! `CALL { … } IN TRANSACTIONS`: batches of rows that are committed one after another.

use std::any::Any;
use std::sync::Arc;

use grism_core::{Error, Result, SnapshotId, Storage};
use grism_cypher::{BindState, NestedQuery, ParameterTypes, Query, QueryPart};
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
        false => plan_write(storage, query, options).await?.1,
    };
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let mut reader = Writer::new(storage, options, snapshot);
    reader.parameter_types = parameter_types;
    query.check(reader.transaction.schema())?;
    let start = (Found::unit()?, BindState::default());
    let (rows, state) = reader.parts(query, 0, before, start.0, start.1).await?;
    let nested = reader.bind_nested(query, clause, &state)?;
    let mut warnings = reader.warnings;
    let mut counts = WriteCounts::default();
    let mut committed = Vec::new();
    let mut bound: Option<(PlanSchema, BindState)> = None;
    for batch in batches(&rows, nested.transaction_rows.unwrap_or(usize::MAX)) {
        let (found, own_state, own_counts) = commit_batch(
            storage,
            &nested,
            batch?,
            state.clone(),
            options,
            parameter_types,
        )
        .await?;
        counts = counts.plus(&own_counts);
        bound = Some(match bound {
            None => (found.schema.clone(), own_state),
            Some((known, state)) => (unified(&known, &found.schema)?, state),
        });
        committed.push(found);
    }
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let mut writer = Writer::new(storage, options, snapshot);
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
    let mut output = FoundBuffer::new();
    for batch in committed.iter().flat_map(Found::batches) {
        output.push(batch?.converted(&schema)?)?;
    }
    let returns = matches!(after.last(), Some(QueryPart::Return(_)));
    let rows = output.finish(schema)?;
    let (found, _) = writer.parts(query, 0, after, rows, state).await?;
    let entities = writer.entities;
    warnings.extend(writer.warnings);
    let found = match returns {
        true => found,
        false => Found::none(PlanSchema::default()),
    };
    let mut result = super::result(found, warnings, counts);
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
) -> Result<(Found, BindState, WriteCounts)> {
    let mut attempts = Attempts::of(storage);
    loop {
        let turn = attempts.next().await?;
        let snapshot = storage.snapshot(SnapshotId::default()).await?;
        let mut writer = Writer::new(storage, options, snapshot);
        writer.parameter_types = parameter_types;
        let (found, bound) = writer.nested(nested, rows.clone(), state.clone()).await?;
        let counts = writer.transaction.counts();
        let mut changes = writer.transaction.finish()?.with_operation("statement");
        changes.turn = turn;
        if counts.is_empty() {
            return Ok((found, bound, counts));
        }
        match storage.commit(changes).await {
            Err(error) if attempts.again(&error) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok((found, bound, counts)),
        }
    }
}

/// The rows in batches of at most `most`.
fn batches(rows: &Found, most: usize) -> impl Iterator<Item = Result<Found>> + Send {
    let schema = rows.schema.clone();
    rows.batches().flat_map(move |batch| {
        let schema = schema.clone();
        let pieces: Vec<Result<Found>> = match batch {
            Ok(batch) => (0..batch.len())
                .step_by(most)
                .map(|first| {
                    let length = most.min(batch.len() - first);
                    let piece = batch.batch.slice(first, length);
                    Ok(Found::new(schema.clone(), Rows::new(vec![piece])))
                })
                .collect(),
            Err(error) => vec![Err::<Found, Error>(error)],
        };
        pieces
    })
}
