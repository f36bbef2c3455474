//! An explained query as text, one line an operator.

use std::fmt::Write as _;
use std::time::Duration;

use grism_core::WriteCounts;
use grism_cypher::ExplainOptions;
use grism_ray::{ExecutionStage, explain_distributed};

use super::explained::{Explained, ExplainedClause, ExplainedOperator, ExplainedPlan, Run, Shape};
use super::stages::{StageRun, critical_path};
use super::units::{bytes, count, rounded, time};

pub(super) fn text(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text = String::new();
    match &explained.shape {
        Shape::Query(plan) => {
            write_verbose(plan, "", &mut text);
            write_plan(&mut text, explained, plan, "", options);
        }
        Shape::Clauses(clauses) => {
            for clause in clauses {
                write_clause(&mut text, explained, clause, options);
            }
        }
    }
    if let Some(run) = &explained.run {
        write_run(&mut text, explained, run, options);
    }
    text
}

fn write_clause(
    text: &mut String,
    explained: &Explained,
    clause: &ExplainedClause,
    options: &ExplainOptions,
) {
    let _ = write!(text, "{}:", clause.detail);
    let figures = clause_figures(clause, options);
    if !figures.is_empty() {
        let _ = write!(text, "  [{}]", figures.join(", "));
    }
    text.push('\n');
    let is_spread = clause.plans.iter().any(|plan| plan.stages.is_some());
    if options.distributed && !is_spread {
        text.push_str("  On the coordinator, which commits\n");
    }
    for plan in &clause.plans {
        write_verbose(plan, "  ", text);
        write_plan(text, explained, plan, "  ", options);
    }
}

/// What a clause did.
pub(super) fn clause_figures(clause: &ExplainedClause, options: &ExplainOptions) -> Vec<String> {
    let Some(run) = &clause.run else {
        return Vec::new();
    };
    let mut figures = vec![count(run.rows, "row")];
    if run.runs > 1 {
        figures.push(count(run.runs, "run"));
    }
    for (name, count) in written(&run.written) {
        figures.push(format!("{}: {count}", name.replace('_', " ")));
    }
    if options.shows_timing() {
        figures.push(format!("own time {}", time(run.own_time)));
    }
    figures
}

/// What was written of each kind, without what was not.
pub(super) fn written(counts: &WriteCounts) -> impl Iterator<Item = (&'static str, u64)> {
    counts.named().into_iter().filter(|(_, count)| *count > 0)
}

fn write_verbose(plan: &ExplainedPlan, indent: &str, text: &mut String) {
    let Some(verbose) = &plan.verbose else {
        return;
    };
    let mut own = format!("Logical plan:\n{}\n", verbose.logical.trim_end());
    for rule in &verbose.rules {
        let _ = writeln!(own, "\nRule {}:", rule.name);
        for (sign, lines) in [("-", &rule.removed), ("+", &rule.added)] {
            for line in lines {
                let _ = writeln!(own, "{sign} {line}");
            }
        }
    }
    if verbose.rules.is_empty() {
        own.push_str("\nNo rule changed the plan.\n");
    }
    own.push_str("\nPhysical plan:\n");
    push_indented(text, &own, indent);
}

fn push_indented(text: &mut String, lines: &str, indent: &str) {
    for line in lines.lines() {
        let indent = if line.is_empty() { "" } else { indent };
        let _ = writeln!(text, "{indent}{line}");
    }
}

fn write_plan(
    text: &mut String,
    explained: &Explained,
    plan: &ExplainedPlan,
    indent: &str,
    options: &ExplainOptions,
) {
    match &plan.stages {
        None => write_operators(text, explained.plan(plan.first), indent, options),
        Some(stages) => {
            let notes = |stage: &ExecutionStage| stage_notes(explained, plan, stage, options);
            push_indented(text, &explain_distributed(stages, &notes), indent);
        }
    }
}

fn write_operators(
    text: &mut String,
    operators: &[ExplainedOperator],
    indent: &str,
    options: &ExplainOptions,
) {
    for operator in operators {
        let depth = "  ".repeat(operator.depth);
        let _ = write!(text, "{indent}{depth}{}", operator.detail);
        let figures = figures(operator, options);
        if !figures.is_empty() {
            let _ = write!(text, "  [{}]", figures.join(", "));
        }
        text.push('\n');
    }
}

/// What was expected of an operator, and what it did.
pub(super) fn figures(operator: &ExplainedOperator, options: &ExplainOptions) -> Vec<String> {
    let expected = || format!("about {} expected", rounded(operator.estimated_rows));
    let Some(measured) = &operator.measured else {
        return match options.shows_costs() {
            true => vec![count(rounded(operator.estimated_rows), "row") + " expected"],
            false => Vec::new(),
        };
    };
    let (metrics, own) = (&measured.metrics, measured.own);
    let mut figures = vec![count(metrics.rows, "row")];
    if options.shows_costs() {
        figures.push(expected());
    }
    if options.shows_timing() {
        figures.push(format!("own time {}", time(own.busy)));
        if own.wait >= Duration::from_micros(10) {
            figures.push(format!("wait {}", time(own.wait)));
        }
        figures.push(count(metrics.threads, "thread"));
    }
    if options.shows_buffers() {
        let usage = &metrics.usage;
        if usage.peak_memory > 0 {
            figures.push(format!("memory {}", bytes(usage.peak_memory)));
        }
        if usage.spill_files > 0 {
            let files = count(usage.spill_files, "file");
            figures.push(format!("spilled {} in {files}", bytes(usage.spilled_bytes)));
        }
        if usage.bytes_read > 0 {
            figures.push(format!("read {}", bytes(usage.bytes_read)));
        }
        if usage.cache_hits + usage.cache_misses > 0 {
            let asked = usage.cache_hits + usage.cache_misses;
            figures.push(format!("cache hits {} of {asked}", usage.cache_hits));
        }
    }
    figures
}

/// The lines of a stage beside its pipeline.
fn stage_notes(
    explained: &Explained,
    plan: &ExplainedPlan,
    stage: &ExecutionStage,
    options: &ExplainOptions,
) -> Vec<String> {
    let operators = explained.plan(stage.first_operator);
    if explained.run.is_none() {
        let root = operators.first().filter(|_| options.shows_costs());
        let rows = root.map(|root| count(rounded(root.estimated_rows), "row"));
        return rows
            .map(|rows| format!("Rows: about {rows}"))
            .into_iter()
            .collect();
    }
    let mut lines = Vec::new();
    let own = StageRun::of(&plan.tasks, stage.stage_id);
    let expected = operators.first().filter(|_| options.shows_costs());
    let expected = expected.map_or_else(String::new, |root| {
        format!(", about {} expected", rounded(root.estimated_rows))
    });
    let rows = own.partition_rows;
    lines.push(format!(
        "Rows: {}{expected}; by partition min {}, median {}, max {}, skew {:.1}",
        own.rows, rows.min, rows.median, rows.max, rows.skew
    ));
    lines.push(format!("Bytes: {}", bytes(own.bytes)));
    let attempts = count(own.attempts as u64, "attempt");
    let (tasks, workers) = (count(own.tasks as u64, "task"), own.workers as u64);
    lines.push(format!(
        "Tasks: {tasks} in {attempts} on {}",
        count(workers, "worker")
    ));
    if options.shows_timing() {
        let micros = |micros: u64| time(Duration::from_micros(micros));
        let tasks = own.task_micros;
        lines.push(format!(
            "Time: queue {}, compute {} and fetch wait {}, added over tasks; a task min {}, median {}, max {}",
            time(own.queue),
            time(own.compute),
            time(own.fetch),
            micros(tasks.min),
            micros(tasks.median),
            micros(tasks.max)
        ));
    }
    lines.push("Operators:".to_owned());
    let mut tree = String::new();
    write_operators(&mut tree, operators, "  ", options);
    lines.extend(tree.lines().map(str::to_owned));
    lines
}

fn write_run(text: &mut String, explained: &Explained, run: &Run, options: &ExplainOptions) {
    for (name, calls) in &run.functions {
        let _ = write!(
            text,
            "Function {name}: {} for {}",
            count(calls.calls, "call"),
            count(calls.rows, "row")
        );
        if options.shows_timing() {
            let _ = write!(text, " in {}", time(Duration::from_nanos(calls.nanos)));
        }
        text.push('\n');
    }
    if let Shape::Query(plan) = &explained.shape
        && let Some(stages) = &plan.stages
        && options.shows_timing()
    {
        let (path, micros) = critical_path(stages, &plan.tasks);
        let stages: Vec<String> = path.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "Critical path: stage {} in {}",
            stages.join(" → "),
            time(micros)
        );
    }
    if let Some(commits) = &run.commits {
        let made = count(commits.commits, "commit");
        let _ = write!(text, "Committed: {made}");
        if commits.attempts > commits.commits {
            let _ = write!(text, " in {} attempts", commits.attempts);
        }
        if options.shows_timing() {
            let _ = write!(text, " in {}", time(commits.time));
        }
        text.push('\n');
    }
    let _ = write!(text, "Total: {}", count(run.rows, "row"));
    if options.shows_timing() {
        let _ = write!(text, " in {}", time(run.time));
    }
    let _ = writeln!(text, " on the engine {}", run.engine);
    if let Some(advice) = &run.advice {
        let _ = writeln!(text, "Slowest: {advice}");
    }
}
