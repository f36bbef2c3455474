//! An explained query as JSON, in the form that `docs/explain.md` describes.

use std::collections::BTreeMap;
use std::time::Duration;

use grism_core::{Error, FunctionMetrics, Result};
use grism_cypher::ExplainOptions;
use grism_engine::{OperatorId, Resources};
use grism_logical::optimizer::RuleChange;
use grism_ray::{ExecutionStage, exchange_name, output_name};
use serde::{Serialize, Serializer};

use super::explained::{
    Explained, ExplainedClause, ExplainedOperator, ExplainedPlan, Run, Shape, Verbose,
};
use super::stages::{Spread, StageRun, critical_path};
use super::text::written;
use super::units::milliseconds;

/// The version of the form. It changes when a field goes or means something else, and not when one comes.
const VERSION: u32 = 1;

/// A query as JSON, however deeply its plan nests.
///
/// # Errors
/// `Internal` where it cannot be written.
pub(super) fn json(explained: &Explained, options: &ExplainOptions) -> Result<String> {
    let view = View { explained, options };
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::pretty(&mut text);
    view.whole()
        .serialize(serde_stacker::Serializer::new(&mut writer))
        .map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(text).map_err(|error| Error::internal(error.to_string()))
}

#[derive(Clone, Copy)]
struct View<'a> {
    explained: &'a Explained,
    options: &'a ExplainOptions,
}

#[derive(Serialize)]
struct Whole<'a> {
    version: u32,
    /// `plan`, `clauses` or `stages`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Operator<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clauses: Option<Vec<Clause<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stages: Option<Vec<Stage<'a>>>,
    #[serde(flatten)]
    verbose: Option<VerboseView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunView<'a>>,
}

#[derive(Serialize)]
struct VerboseView<'a> {
    logical_plan: Vec<&'a str>,
    rules: &'a [RuleChange],
}

#[derive(Serialize)]
struct Clause<'a> {
    name: &'a str,
    detail: &'a str,
    /// The plans that run in one process.
    plans: Vec<Operator<'a>>,
    /// The plans that run in stages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    staged_plans: Vec<Vec<Stage<'a>>>,
    /// How all plans were made, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verbose: Vec<VerboseView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<ClauseActual>,
}

#[derive(Serialize)]
struct ClauseActual {
    rows: u64,
    runs: u64,
    written: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_time_ms: Option<f64>,
}

#[derive(Serialize)]
struct Commits {
    made: u64,
    attempts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<f64>,
}

#[derive(Serialize)]
struct Stage<'a> {
    id: usize,
    tasks: usize,
    #[serde(skip_serializing_if = "Resources::is_empty")]
    resources: &'a Resources,
    inputs: Vec<StageInput>,
    output: StageOutput<'a>,
    notes: &'a [String],
    plan: Operator<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<StageActual>,
}

#[derive(Serialize)]
struct StageInput {
    stage: usize,
    exchange: String,
}

#[derive(Serialize)]
struct StageOutput<'a> {
    partitioning: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct StageActual {
    rows: u64,
    bytes: u64,
    tasks: usize,
    attempts: usize,
    workers: usize,
    partition_rows: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<StageTime>,
}

#[derive(Serialize)]
struct StageTime {
    queue_ms: f64,
    compute_ms: f64,
    fetch_wait_ms: f64,
    task_micros: Spread,
}

#[derive(Serialize)]
struct RunView<'a> {
    engine: &'a str,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    critical_path: Option<CriticalPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commits: Option<Commits>,
    functions: BTreeMap<&'a str, Calls>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
}

#[derive(Serialize)]
struct CriticalPath {
    stages: Vec<usize>,
    time_ms: f64,
}

#[derive(Serialize)]
struct Calls {
    calls: u64,
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<f64>,
}

/// An operator and all below it.
struct Operator<'a> {
    view: View<'a>,
    id: OperatorId,
}

#[derive(Serialize)]
struct OperatorView<'a> {
    id: OperatorId,
    name: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_rows: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<Actual>,
    inputs: Vec<Operator<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subplan: Option<Operator<'a>>,
}

#[derive(Serialize)]
struct Actual {
    rows: u64,
    batches: u64,
    bytes: u64,
    #[serde(flatten)]
    timing: Option<Timing>,
    #[serde(flatten)]
    buffers: Option<Buffers>,
}

#[derive(Serialize)]
struct Timing {
    own_time_ms: f64,
    wait_ms: f64,
    threads: u64,
}

#[derive(Serialize)]
struct Buffers {
    peak_memory_bytes: u64,
    spilled_bytes: u64,
    spill_files: u64,
    bytes_read: u64,
    cache_hits: u64,
    cache_misses: u64,
}

impl<'a> View<'a> {
    fn whole(self) -> Whole<'a> {
        let explained = self.explained;
        let mut whole = Whole {
            version: VERSION,
            kind: "plan",
            plan: None,
            clauses: None,
            stages: None,
            verbose: None,
            run: explained.run.as_ref().map(|run| self.run(run)),
        };
        match &explained.shape {
            Shape::Query(plan) => {
                whole.verbose = plan.verbose.as_ref().map(verbose);
                match self.stages(plan) {
                    None => whole.plan = Some(self.operator(plan.first)),
                    stages => (whole.kind, whole.stages) = ("stages", stages),
                }
            }
            Shape::Clauses(clauses) => {
                whole.kind = "clauses";
                whole.clauses = Some(clauses.iter().map(|own| self.clause(own)).collect());
            }
        }
        whole
    }

    fn clause(self, clause: &'a ExplainedClause) -> Clause<'a> {
        let local = clause.plans.iter().filter(|plan| plan.stages.is_none());
        let verbose = clause
            .plans
            .iter()
            .filter_map(|plan| plan.verbose.as_ref().map(verbose));
        let staged = clause.plans.iter().filter_map(|plan| self.stages(plan));
        let timed = self.options.shows_timing();
        Clause {
            name: &clause.name,
            detail: &clause.detail,
            plans: local.map(|plan| self.operator(plan.first)).collect(),
            staged_plans: staged.collect(),
            verbose: verbose.collect(),
            actual: clause.run.as_ref().map(|run| ClauseActual {
                rows: run.rows,
                runs: run.runs,
                written: written(&run.written).collect(),
                own_time_ms: timed.then(|| milliseconds(run.own_time)),
            }),
        }
    }

    fn stages(self, plan: &'a ExplainedPlan) -> Option<Vec<Stage<'a>>> {
        let stages = plan.stages.as_ref()?.stages.iter();
        Some(stages.map(|stage| self.stage(plan, stage)).collect())
    }

    fn operator(self, id: OperatorId) -> Operator<'a> {
        Operator { view: self, id }
    }

    fn stage(self, plan: &'a ExplainedPlan, stage: &'a ExecutionStage) -> Stage<'a> {
        let inputs = stage.inputs.iter().map(|input| StageInput {
            stage: input.stage_id,
            exchange: exchange_name(input.mode, &input.partitioning),
        });
        let output = stage.output.as_ref();
        let run = self.explained.run.as_ref();
        Stage {
            id: stage.stage_id,
            tasks: stage.tasks,
            resources: &stage.resources,
            inputs: inputs.collect(),
            output: StageOutput {
                partitioning: output_name(stage),
                exchange: output.map(|own| exchange_name(own.mode, &own.partitioning)),
                reason: output.map(|own| own.reason.as_str()),
            },
            notes: &stage.notes,
            plan: self.operator(stage.first_operator),
            actual: run.map(|_| self.stage_actual(StageRun::of(&plan.tasks, stage.stage_id))),
        }
    }

    fn stage_actual(self, run: StageRun) -> StageActual {
        let time = self.options.shows_timing().then(|| StageTime {
            queue_ms: milliseconds(run.queue),
            compute_ms: milliseconds(run.compute),
            fetch_wait_ms: milliseconds(run.fetch),
            task_micros: run.task_micros,
        });
        StageActual {
            rows: run.rows,
            bytes: run.bytes,
            tasks: run.tasks,
            attempts: run.attempts,
            workers: run.workers,
            partition_rows: run.partition_rows,
            time,
        }
    }

    fn run(self, run: &'a Run) -> RunView<'a> {
        let timed = self.options.shows_timing();
        let path = match &self.explained.shape {
            Shape::Query(plan) if timed => plan.stages.as_ref().map(|stages| {
                let (stages, time) = critical_path(stages, &plan.tasks);
                CriticalPath {
                    stages,
                    time_ms: milliseconds(time),
                }
            }),
            _ => None,
        };
        let calls = |own: &FunctionMetrics| Calls {
            calls: own.calls,
            rows: own.rows,
            time_ms: timed.then(|| milliseconds(Duration::from_nanos(own.nanos))),
        };
        let functions = run.functions.iter();
        RunView {
            engine: run.engine,
            rows: run.rows,
            time_ms: timed.then(|| milliseconds(run.time)),
            critical_path: path,
            commits: run.commits.map(|commits| Commits {
                made: commits.commits,
                attempts: commits.attempts,
                time_ms: timed.then(|| milliseconds(commits.time)),
            }),
            functions: functions
                .map(|(name, own)| (name.as_str(), calls(own)))
                .collect(),
            advice: run.advice.as_deref(),
        }
    }

    fn actual(self, operator: &ExplainedOperator) -> Option<Actual> {
        let measured = operator.measured.as_ref()?;
        let metrics = &measured.metrics;
        let timing = self.options.shows_timing().then(|| Timing {
            own_time_ms: milliseconds(measured.own.busy),
            wait_ms: milliseconds(measured.own.wait),
            threads: metrics.threads,
        });
        let usage = &metrics.usage;
        let buffers = self.options.shows_buffers().then_some(Buffers {
            peak_memory_bytes: usage.peak_memory,
            spilled_bytes: usage.spilled_bytes,
            spill_files: usage.spill_files,
            bytes_read: usage.bytes_read,
            cache_hits: usage.cache_hits,
            cache_misses: usage.cache_misses,
        });
        Some(Actual {
            rows: metrics.rows,
            batches: metrics.batches,
            bytes: metrics.bytes,
            timing,
            buffers,
        })
    }
}

fn verbose(verbose: &Verbose) -> VerboseView<'_> {
    VerboseView {
        logical_plan: verbose.logical.lines().collect(),
        rules: &verbose.rules,
    }
}

impl Serialize for Operator<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let view = self.view;
        let Some(own) = view.explained.operator(self.id) else {
            return serializer.serialize_none();
        };
        OperatorView {
            id: own.id,
            name: &own.name,
            detail: &own.detail,
            estimated_rows: view.options.shows_costs().then_some(own.estimated_rows),
            actual: view.actual(own),
            inputs: own.inputs.iter().map(|id| view.operator(*id)).collect(),
            subplan: own.subplan.map(|id| view.operator(id)),
        }
        .serialize(serializer)
    }
}
