//! Runs and plans a query that writes.

use std::any::Any;
use std::sync::Arc;

use grism_core::{Error, Result, Storage};
use grism_cypher::Query;
use grism_engine::operators::write::{QueryWriter, Recorder, RuleNotes, WriteRecord, WrittenQuery};
use grism_engine::{ExecutionResult, PhysicalSchema};

use super::cypher_clauses::{CypherClauses, QueryParts};
use super::local_writes::LocalWrites;
use crate::query::{QueryOptions, QueryResult};
use crate::views::TransactionStorage;

/// Runs a query that writes, and commits what it wrote; again on the new snapshot where another writer was first.
pub(crate) async fn write_query(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
) -> Result<QueryResult> {
    write(storage, query, options, None).await
}

/// As [`write_query`], and says how its clauses were planned and what they did.
pub(crate) async fn write_recorded(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
    rules: RuleNotes,
) -> Result<(QueryResult, WriteRecord)> {
    let recorder = Recorder::new(rules);
    let result = write(storage, query, options, Some(&recorder)).await?;
    Ok((result, recorder.into_record()))
}

async fn write(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
    recorder: Option<&Recorder>,
) -> Result<QueryResult> {
    if !options.snapshot.is_latest() {
        return Err(Error::invalid_query("an old snapshot cannot be written to"));
    }
    let query = query.with_functions(&options.functions)?;
    if query.transactions()?.is_some() && (storage.as_ref() as &dyn Any).is::<TransactionStorage>()
    {
        return Err(Error::invalid_query(
            "IN TRANSACTIONS commits as it goes on, which no statement of a transaction does: run it on its own",
        ));
    }
    let host = LocalWrites::new(storage, options);
    let mut clauses = CypherClauses::new(options);
    let mut writer = QueryWriter::new(&host, options.runtime.clone(), options.begin());
    if let Some(recorder) = recorder {
        writer = writer.recording(recorder);
    }
    let written = writer.write(&mut clauses, &QueryParts::new(query)).await?;
    let WrittenQuery {
        schema,
        rows,
        counts,
    } = written;
    let rows = ExecutionResult::of_batches(PhysicalSchema::from(schema), rows.batches());
    let mut result = QueryResult::new(rows);
    result.warnings = clauses.warnings;
    result.entities = clauses.entities;
    result.written = Some(counts);
    Ok(result)
}

/// How the clauses of a query that writes are planned: it is bound and planned over no rows, so that nothing is written.
pub(crate) async fn plan_clauses(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
    rules: RuleNotes,
) -> Result<WriteRecord> {
    let query = QueryParts::new(query.with_functions(&options.functions)?);
    let host = LocalWrites::new(storage, options);
    let mut clauses = CypherClauses::new(options);
    let recorder = Recorder::new(rules);
    let writer = QueryWriter::new(&host, options.runtime.clone(), options.begin());
    let writer = writer.recording(&recorder);
    writer.plan(&mut clauses, &query, options.snapshot).await?;
    Ok(recorder.into_record())
}
