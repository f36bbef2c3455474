//! `EXPLAIN`.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{Error, Result};
use grism_cypher::{ExplainFormat, ExplainOptions, Query};
use grism_engine::{PlannerConfig, display_tree};
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_ray::explain_distributed;
use serde::Serialize;

use crate::Graph;
use crate::query::{Prepared, QueryOptions, QueryResult, distributed_planner, table};
use crate::write::explain_write;

pub(crate) async fn explain_statement(
    graph: &Graph,
    query: &Query,
    explain: ExplainOptions,
    options: &QueryOptions,
) -> Result<QueryResult> {
    let plan = explain_query(graph, query, explain, options).await?;
    let lines: StringArray = plan.lines().map(Some).collect();
    table(RecordBatch::try_from_iter([(
        "plan",
        Arc::new(lines) as _,
    )])?)
}

/// The plan of a query in the form that `explain` asks for.
///
/// # Errors
/// As [`Graph::prepare`]; with ANALYZE, what a run can meet.
pub(crate) async fn explain_query(
    graph: &Graph,
    query: &Query,
    explain: ExplainOptions,
    options: &QueryOptions,
) -> Result<String> {
    let options = &*graph.with_registered(options);
    if query.writes() {
        let plain = ExplainOptions::default();
        if explain.analyze || explain.distributed || explain.format != plain.format {
            let what = "ANALYZE, DISTRIBUTED and FORMAT in EXPLAIN of a query that writes";
            return Err(Error::unsupported(format!("{what} are not supported yet")));
        }
        return explain_write(graph.storage(), query, options).await;
    }
    let prepared = graph.plan(query, options).await?;
    explain_prepared(graph, &prepared, explain, options).await
}

/// The plan of a query that is bound and optimized, which only reads.
///
/// # Errors
/// With ANALYZE, what a run can meet; `Unsupported` for a combination that there is not.
pub(crate) async fn explain_prepared(
    graph: &Graph,
    prepared: &Prepared,
    explain: ExplainOptions,
    options: &QueryOptions,
) -> Result<String> {
    let mut output = String::new();
    if explain.verbose {
        let _ = writeln!(
            output,
            "Logical plan:\n{}\nOptimized:\n{}",
            prepared.bound, prepared.optimized
        );
    }
    if explain.distributed {
        if explain.analyze {
            return Err(Error::unsupported(
                "EXPLAIN ANALYZE DISTRIBUTED is not supported yet",
            ));
        }
        let plan =
            distributed_planner(prepared.snapshot.as_ref(), options).plan(&prepared.optimized)?;
        if explain.format == ExplainFormat::Json {
            return json(&plan);
        }
        output.push_str(&explain_distributed(&plan));
        return Ok(output);
    }
    let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
        threads: options.runtime.workers(),
    });
    let plan = planner.plan(&prepared.optimized)?;
    if explain.format == ExplainFormat::Json {
        if explain.analyze {
            return Err(Error::unsupported(
                "EXPLAIN ANALYZE (FORMAT JSON) is not supported yet",
            ));
        }
        return json(&plan);
    }
    if !explain.analyze {
        output.push_str(&plan.display());
        return Ok(output);
    }
    let start = std::time::Instant::now();
    let root = Arc::clone(&plan.root);
    let executor = LocalExecutor::with_config(options.runtime.clone())
        .with_cancellation(options.cancellation.clone());
    let run = executor
        .execute(
            plan,
            options.tables.over(graph.storage()),
            prepared.snapshot.id(),
        )
        .await?;
    let metrics = run.run().operators();
    let rows: usize = run
        .into_stream()
        .try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows()) })
        .await?;
    output.push_str(&display_tree(&root, Some(metrics.as_ref())));
    let _ = writeln!(
        output,
        "{rows} rows in {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(output)
}

/// A plan as JSON, however deeply it nests.
fn json(plan: &impl Serialize) -> Result<String> {
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::pretty(&mut text);
    plan.serialize(serde_stacker::Serializer::new(&mut writer))
        .map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(text).map_err(|error| Error::internal(error.to_string()))
}
