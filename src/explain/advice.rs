//! What would make the slowest step of a run faster.

use std::time::Duration;

use grism_engine::OperatorRun;

use super::explained::{Explained, ExplainedOperator, Measured};
use super::stages::slow_task;
use super::units::{bytes, count, rounded};

/// How many times more or fewer rows than expected are worth a word.
const ESTIMATE_ERROR: f64 = 10.0;
/// Rows below which a wrong estimate does no harm.
const MANY_ROWS: f64 = 1000.0;

/// A line on the operator that took most of the time by itself; `None` where nothing took any.
pub(super) fn advice(explained: &Explained) -> Option<String> {
    let total: Duration = explained.operators.iter().map(own_time).sum();
    let slowest = explained.operators.iter().max_by_key(|own| own_time(own))?;
    let own = own_time(slowest);
    if own.is_zero() {
        return None;
    }
    let share = 100.0 * own.as_secs_f64() / total.as_secs_f64();
    let mut line = format!("{} with {share:.0} % of the time", slowest.detail);
    let reasons = [
        spilled(slowest),
        in_functions(slowest),
        skewed(explained, slowest),
        waiting(slowest),
        slowest.measured.as_ref().and_then(|measured| {
            let rows: Vec<u64> = slowest
                .inputs
                .iter()
                .map(|input| rows_of(explained.operator(*input)))
                .collect();
            slowest.operator.advice(&OperatorRun {
                metrics: &measured.metrics,
                input_rows: &rows,
                statistics: &explained.statistics,
            })
        }),
    ];
    if let Some(reason) = reasons.into_iter().flatten().next() {
        line.push_str(": ");
        line.push_str(&reason);
    }
    if let Some(error) = estimate_error(slowest) {
        line.push_str("; ");
        line.push_str(&error);
    }
    Some(line)
}

fn own_time(operator: &ExplainedOperator) -> Duration {
    let measured = operator.measured.as_ref();
    measured.map_or(Duration::ZERO, |measured| measured.own.total())
}

fn rows_of(operator: Option<&ExplainedOperator>) -> u64 {
    let measured = operator.and_then(|own| own.measured.as_ref());
    measured.map_or(0, |measured| measured.metrics.rows)
}

fn spilled(operator: &ExplainedOperator) -> Option<String> {
    let usage = &operator.measured.as_ref()?.metrics.usage;
    (usage.spill_files > 0).then(|| {
        format!(
            "{} went to temporary files, since memory was short: raise the memory limit",
            bytes(usage.spilled_bytes)
        )
    })
}

fn in_functions(operator: &ExplainedOperator) -> Option<String> {
    let Measured { metrics, own } = operator.measured.as_ref()?;
    let functions = metrics.usage.functions.iter();
    let (name, calls) = functions.max_by_key(|(_, calls)| calls.nanos)?;
    let time = Duration::from_nanos(calls.nanos);
    (time * 2 > own.busy).then(|| {
        format!(
            "the function `{name}` takes most of it, in {} for {}: filter rows before, or write it over whole Arrow arrays",
            count(calls.calls, "call"),
            count(calls.rows, "row")
        )
    })
}

fn skewed(explained: &Explained, operator: &ExplainedOperator) -> Option<String> {
    let (plan, stage) = explained.stage_of(operator.id)?;
    let (task, ratio) = slow_task(&plan.tasks, stage.stage_id)?;
    Some(format!(
        "task {task} of stage {} took {ratio:.1} times as long as half of the tasks: its keys are uneven, or its partitions too few",
        stage.stage_id
    ))
}

fn waiting(operator: &ExplainedOperator) -> Option<String> {
    let Measured { metrics, own } = operator.measured.as_ref()?;
    (own.wait > own.busy && metrics.usage.bytes_read > 0).then(|| {
        format!(
            "it waits for storage, of which it reads {}: read fewer rows and properties, or give the cache more memory",
            bytes(metrics.usage.bytes_read)
        )
    })
}

fn estimate_error(operator: &ExplainedOperator) -> Option<String> {
    let rows = operator.measured.as_ref()?.metrics.rows;
    let (more, less) = match rows as f64 >= operator.estimated_rows {
        true => (rows as f64, operator.estimated_rows),
        false => (operator.estimated_rows, rows as f64),
    };
    (more >= MANY_ROWS && more >= ESTIMATE_ERROR * less.max(1.0)).then(|| {
        format!(
            "{} came where about {} were expected, so that the order of the steps may be wrong: WITH between two MATCH \
             clauses fixes it",
            count(rows, "row"),
            rounded(operator.estimated_rows)
        )
    })
}
