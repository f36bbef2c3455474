//! From an EXPLAIN to its answer.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::record_batch::RecordBatch;
use grism_core::{Result, WriteCounts, without_secrets};
use grism_cypher::{ExplainFormat, ExplainOptions, Query};

use super::explained::{Explained, Shape, Verbose};
use super::graph::{dot, mermaid};
use super::json::json;
use super::measure::{FinishedRun, measure_plan, measure_stages};
use super::operators::{explained_plan, explained_stages};
use super::svg::svg;
use super::text::text;
use super::writes::explain_write;
use crate::query::{Prepared, QueryOptions, QueryResult, facts, table};
use crate::stages::StagedQuery;
use crate::{Engine, Graph};

/// Where ANALYZE finds what a run does.
pub(crate) enum Measure {
    /// It runs the plan.
    Run,
    /// A run has been made.
    Finished(FinishedRun),
}

pub(crate) async fn explain_statement(
    graph: &Graph,
    query: &Query,
    explain: ExplainOptions,
    options: &QueryOptions,
) -> Result<QueryResult> {
    let (plan, counts) = explained_query(graph, query, explain, options, Measure::Run).await?;
    let lines: StringArray = plan.lines().map(Some).collect();
    let mut result = table(RecordBatch::try_from_iter([(
        "plan",
        Arc::new(lines) as _,
    )])?)?;
    result.written = counts;
    Ok(result)
}

/// The plan of a query in the form that `explain` asks for.
///
/// # Errors
/// As [`Graph::prepare`]; with ANALYZE, what a run can meet, which commits what a query writes.
pub(crate) async fn explain_query(
    graph: &Graph,
    query: &Query,
    explain: ExplainOptions,
    options: &QueryOptions,
    measure: Measure,
) -> Result<String> {
    let (plan, _) = explained_query(graph, query, explain, options, measure).await?;
    Ok(plan)
}

/// As [`explain_query`], with what the query wrote.
async fn explained_query(
    graph: &Graph,
    query: &Query,
    explain: ExplainOptions,
    options: &QueryOptions,
    measure: Measure,
) -> Result<(String, Option<WriteCounts>)> {
    explain.check()?;
    let options = &*graph.with_registered(options);
    if query.writes() {
        let write = explain_write(graph, query, &explain, options).await?;
        return Ok((written(&write.explained, &explain)?, write.written));
    }
    let prepared = graph.plan(query, options).await?;
    let plan = explain_prepared(graph, &prepared, explain, options, measure).await?;
    Ok((plan, None))
}

/// The plan of a query that is bound and optimized, which only reads.
///
/// # Errors
/// With ANALYZE, what a run can meet; `InvalidQuery` for options that do not go together.
pub(crate) async fn explain_prepared(
    graph: &Graph,
    prepared: &Prepared,
    explain: ExplainOptions,
    options: &QueryOptions,
    measure: Measure,
) -> Result<String> {
    explain.check()?;
    options.engine.check()?;
    let facts = facts(prepared.snapshot.as_ref());
    let runs_in_stages = matches!(options.engine, Engine::Staged | Engine::Ray);
    let mut explained = if explain.distributed || (explain.analyze && runs_in_stages) {
        let snapshot = prepared.snapshot.as_ref();
        let staged = StagedQuery::plan(&prepared.optimized, snapshot, options)?;
        let mut explained = explained_stages(staged.describe(), facts);
        explained.statistics = Arc::clone(prepared.snapshot.statistics());
        match measure {
            _ if !explain.analyze => {}
            Measure::Finished(run) => run.add_to(&mut explained),
            Measure::Run => {
                measure_stages(&mut explained, staged, graph, prepared, options).await?;
            }
        }
        explained
    } else {
        let threads = options.runtime.workers();
        let plan = prepared.operators.of(&prepared.optimized, threads)?;
        let mut explained = explained_plan(&plan.root, facts);
        explained.statistics = Arc::clone(prepared.snapshot.statistics());
        if explain.analyze {
            measure_plan(&mut explained, plan, graph, prepared, options).await?;
        }
        explained
    };
    if let Shape::Query(plan) = &mut explained.shape
        && explain.verbose
    {
        let bound = prepared.bound.clone().into_plan();
        let (_, rules) = options.rewrites.optimize_verbosely(bound, facts)?;
        plan.verbose = Some(Verbose {
            logical: prepared.bound.to_string(),
            rules,
        });
    }
    written(&explained, &explain)
}

fn written(explained: &Explained, explain: &ExplainOptions) -> Result<String> {
    let text = match explain.format {
        ExplainFormat::Text => text(explained, explain),
        ExplainFormat::Json => json(explained, explain)?,
        ExplainFormat::Dot => dot(explained, explain),
        ExplainFormat::Mermaid => mermaid(explained, explain),
        ExplainFormat::Svg => svg(explained, explain),
    };
    // Files that a query reads are named by URIs.
    Ok(without_secrets(&text).into_owned())
}
