//! Runs and explains a query that writes.

use std::any::Any;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grism_core::{Error, Result, Storage};
use grism_cypher::Query;
use grism_engine::operators::write::{QueryWriter, WrittenQuery};
use grism_engine::{CancellationHandle, PhysicalSchema, display_tree};
use grism_storage::MemoryLimit;

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
    if !options.snapshot.is_latest() {
        return Err(Error::invalid_query("an old snapshot cannot be written to"));
    }
    let _limit = options.runtime.memory_limit.map(MemoryLimit::hold);
    if query.transactions()?.is_some() && (storage.as_ref() as &dyn Any).is::<TransactionStorage>()
    {
        return Err(Error::invalid_query(
            "IN TRANSACTIONS commits as it goes on, which no statement of a transaction does: run it on its own",
        ));
    }
    let host = LocalWrites::new(storage, options);
    let mut clauses = CypherClauses::new(options);
    let query = QueryParts::of(query);
    let written = writer(&host, options).write(&mut clauses, &query).await?;
    let WrittenQuery {
        schema,
        rows,
        counts,
    } = written;
    let stream = futures::stream::iter(rows.batches());
    let mut result = QueryResult::new(
        PhysicalSchema::from(schema),
        Box::pin(stream),
        CancellationHandle::default(),
    );
    result.warnings = clauses.warnings;
    result.entities = clauses.entities;
    result.written = Some(counts);
    Ok(result)
}

/// The plans of a query that writes, clause by clause.
pub(crate) async fn explain_write(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
) -> Result<String> {
    let host = LocalWrites::new(storage, options);
    let mut clauses = CypherClauses::new(options);
    let writer = writer(&host, options);
    let query = QueryParts::of(query);
    let planned = writer.plan(&mut clauses, &query, options.snapshot).await?;
    let mut text = String::new();
    for clause in planned {
        let _ = writeln!(text, "{}:", clause.name);
        for plan in &clause.plans {
            for line in display_tree(plan, None).lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    Ok(text)
}

fn writer<'w>(host: &'w LocalWrites, options: &QueryOptions) -> QueryWriter<'w> {
    let timeout = options.runtime.timeout_ms.map(Duration::from_millis);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let cancellation = CancellationHandle::with_deadline(deadline);
    QueryWriter::new(host, options.runtime.clone(), cancellation)
}
