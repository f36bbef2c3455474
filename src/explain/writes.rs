//! Explains a query that writes: clause by clause, each with the plans that it reads with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use grism_core::{Result, Snapshot, WriteCounts};
use grism_cypher::{ExplainOptions, Query};
use grism_engine::operators::write::{ClauseRead, ClauseRecord, ReadPlace, RuleNotes, WriteRecord};
use grism_engine::{OperatorId, OperatorMetrics, PlannerConfig};
use grism_local::LocalPhysicalPlanner;

use super::explained::{Explained, ExplainedClause, ExplainedPlan, Run, Shape, Verbose};
use super::measure::add_measured;
use super::operators::PlanReader;
use crate::query::{QueryOptions, distributed_planner, facts};
use crate::write::{plan_clauses, write_recorded};
use crate::{Engine, Graph};

/// A query that writes, explained, and what it wrote where it ran.
pub(super) struct ExplainedWrite {
    pub(super) explained: Explained,
    /// `None` where nothing ran.
    pub(super) written: Option<WriteCounts>,
}

/// Explains a query that writes. With ANALYZE it runs, and what it writes is committed.
///
/// # Errors
/// Those of binding and planning; with ANALYZE, what a query that writes can meet.
pub(super) async fn explain_write(
    graph: &Graph,
    query: &Query,
    explain: &ExplainOptions,
    options: &QueryOptions,
) -> Result<ExplainedWrite> {
    let mut options = options.clone();
    if explain.analyze && explain.distributed {
        options.engine = Engine::Staged;
    }
    let rules = match explain.verbose {
        true => RuleNotes::Kept,
        false => RuleNotes::Dropped,
    };
    let graph = graph.within(options.runtime.memory_limit);
    let storage = graph.storage();
    // Before it runs: rows are expected by what the graph was.
    let snapshot = storage.snapshot(options.snapshot).await?;
    let in_stages = explain.distributed || (explain.analyze && options.engine == Engine::Staged);
    let places = Places {
        snapshot: snapshot.as_ref(),
        options: &options,
        in_stages,
    };
    if !explain.analyze {
        let record = plan_clauses(storage, query, &options, rules).await?;
        let (explained, _) = places.explained(record, Measured::No, explain)?;
        return Ok(ExplainedWrite {
            explained,
            written: None,
        });
    }
    let start = Instant::now();
    let (result, record) = write_recorded(storage, query, &options, rules).await?;
    let written = result.written;
    let batches = result.collect().await?;
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let mut run = run_of(&record, &options, rows);
    run.time = start.elapsed();
    let (mut explained, metrics) = places.explained(record, Measured::Yes, explain)?;
    explained.statistics = Arc::clone(snapshot.statistics());
    add_measured(&mut explained, run, metrics);
    Ok(ExplainedWrite { explained, written })
}

fn run_of(record: &WriteRecord, options: &QueryOptions, rows: u64) -> Run {
    let mut reads = record.clauses.iter().flat_map(|clause| &clause.reads);
    let engine = match options.engine {
        Engine::Staged if reads.any(|read| read.place == ReadPlace::Anywhere) => Engine::Staged,
        _ => Engine::Local,
    };
    Run {
        engine: engine.name(),
        rows,
        time: Duration::ZERO,
        commits: Some(record.commits),
        functions: Default::default(),
        advice: None,
    }
}

/// Whether the clauses ran.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measured {
    Yes,
    No,
}

/// What decides where the plans of clauses run.
struct Places<'a> {
    snapshot: &'a dyn Snapshot,
    options: &'a QueryOptions,
    /// Whether plans that may run anywhere are planned in stages.
    in_stages: bool,
}

impl Places<'_> {
    /// The clauses of a record, and what their operators did, by the numbers that these have there.
    fn explained(
        &self,
        record: WriteRecord,
        measured: Measured,
        explain: &ExplainOptions,
    ) -> Result<(Explained, Vec<OperatorMetrics>)> {
        let mut reader = PlanReader::new(facts(self.snapshot));
        let (mut shape, mut metrics) = (Vec::with_capacity(record.clauses.len()), Vec::new());
        for clause in record.clauses {
            let ClauseRecord {
                name,
                detail,
                reads,
                run,
            } = clause;
            let mut plans = Vec::with_capacity(reads.len());
            for read in reads {
                plans.push(self.plan(&mut reader, read, &mut metrics, explain)?);
            }
            shape.push(ExplainedClause {
                name,
                detail,
                plans,
                run: (measured == Measured::Yes).then_some(run),
            });
        }
        Ok((reader.explained(Shape::Clauses(shape)), metrics))
    }

    /// One plan of a clause, as it was planned to run.
    fn plan(
        &self,
        reader: &mut PlanReader<'_>,
        read: ClauseRead,
        metrics: &mut Vec<OperatorMetrics>,
        explain: &ExplainOptions,
    ) -> Result<ExplainedPlan> {
        let mut plan = if self.in_stages && read.place == ReadPlace::Anywhere {
            let planner = distributed_planner(self.snapshot, self.options);
            reader.stages(planner.plan(&read.optimized)?)
        } else {
            let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
                threads: self.options.runtime.workers(),
            });
            reader.plan(&planner.plan(&read.optimized)?.root)
        };
        let first = plan.first.0;
        metrics.extend(read.operators.into_iter().map(|mut own| {
            own.id = OperatorId(first + own.id.0);
            own
        }));
        plan.tasks = read.tasks;
        plan.verbose = explain.verbose.then(|| Verbose {
            logical: read.bound.to_string(),
            rules: read.rules,
        });
        Ok(plan)
    }
}
