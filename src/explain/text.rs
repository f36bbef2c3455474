//! An explained query as text, one line an operator.

use std::fmt::Write as _;
use std::time::Duration;

use grism_cypher::ExplainOptions;

use super::explained::{Explained, ExplainedOperator, Run, Shape};
use super::stages::{StageRun, critical_path};
use super::units::{bytes, count, rounded, time};
use crate::stages::StageDescription;

pub(super) fn text(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text = String::new();
    write_verbose(explained, &mut text);
    match &explained.shape {
        Shape::Plan => write_plan(&mut text, &explained.operators, "", options),
        Shape::Clauses(clauses) => {
            for clause in clauses {
                let _ = writeln!(text, "{}:", clause.detail);
                for root in &clause.plans {
                    write_plan(&mut text, explained.plan(*root), "  ", options);
                }
            }
        }
        Shape::Stages(stages) => {
            for stage in stages {
                text.push_str(&stage.head);
                for note in stage_notes(explained, stage, options) {
                    let _ = writeln!(text, "  {note}");
                }
                text.push_str(&stage.foot);
            }
        }
    }
    if let Some(run) = &explained.run {
        write_run(&mut text, explained, run, options);
    }
    text
}

fn write_verbose(explained: &Explained, text: &mut String) {
    let Some(verbose) = &explained.verbose else {
        return;
    };
    let _ = writeln!(text, "Logical plan:\n{}", verbose.logical.trim_end());
    for rule in &verbose.rules {
        let _ = writeln!(text, "\nRule {}:", rule.name);
        for (sign, lines) in [("-", &rule.removed), ("+", &rule.added)] {
            for line in lines {
                let _ = writeln!(text, "{sign} {line}");
            }
        }
    }
    if verbose.rules.is_empty() {
        text.push_str("\nNo rule changed the plan.\n");
    }
    text.push_str("\nPhysical plan:\n");
}

fn write_plan(
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
    stage: &StageDescription,
    options: &ExplainOptions,
) -> Vec<String> {
    let operators = explained.plan(stage.first_operator);
    let Some(run) = &explained.run else {
        let root = operators.first().filter(|_| options.shows_costs());
        let rows = root.map(|root| count(rounded(root.estimated_rows), "row"));
        return rows
            .map(|rows| format!("Rows: about {rows}"))
            .into_iter()
            .collect();
    };
    let mut lines = Vec::new();
    let own = StageRun::of(&run.tasks, stage.stage_id);
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
            "Time: compute {} and fetch wait {}, added over tasks; a task min {}, median {}, max {}",
            time(own.compute),
            time(own.fetch),
            micros(tasks.min),
            micros(tasks.median),
            micros(tasks.max)
        ));
    }
    lines.push("Operators:".to_owned());
    let mut tree = String::new();
    write_plan(&mut tree, operators, "  ", options);
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
    if let Shape::Stages(stages) = &explained.shape
        && options.shows_timing()
    {
        let (path, micros) = critical_path(stages, &run.tasks);
        let stages: Vec<String> = path.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "Critical path: stage {} in {}",
            stages.join(" → "),
            time(micros)
        );
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
