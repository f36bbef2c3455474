//! What the tasks of a stage did together.

use std::collections::BTreeSet;
use std::time::Duration;

use grism_engine::TaskMetrics;
use grism_ray::DistributedPlan;
use serde::Serialize;

/// How many times longer than half of the tasks one may take.
const UNEVEN: f64 = 2.0;
/// Time below which it does not matter.
const SHORT: Duration = Duration::from_millis(10);

/// The smallest, the middle and the largest of some figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) min: u64,
    pub(super) median: u64,
    pub(super) max: u64,
    /// The largest by the mean: 1 where all are the same.
    pub(super) skew: f64,
}

impl Spread {
    pub(super) fn of(mut figures: Vec<u64>) -> Self {
        figures.sort_unstable();
        let (Some(min), Some(max)) = (figures.first(), figures.last()) else {
            return Self::default();
        };
        let sum: u64 = figures.iter().sum();
        let mean = sum as f64 / figures.len() as f64;
        Self {
            min: *min,
            median: figures[figures.len() / 2],
            max: *max,
            skew: if sum == 0 { 1.0 } else { *max as f64 / mean },
        }
    }
}

/// What the tasks of a stage did.
#[derive(Debug)]
pub(super) struct StageRun {
    pub(super) tasks: usize,
    /// Attempts made, those that counted among them.
    pub(super) attempts: usize,
    /// The workers that ran tasks.
    pub(super) workers: usize,
    pub(super) rows: u64,
    /// Bytes of what was written for the next stage.
    pub(super) bytes: u64,
    /// Rows by partition of the output: what each task of the next stage reads, or what each task made of the result.
    pub(super) partition_rows: Spread,
    /// From the start of a task to its end, with the time that it waited for its inputs, in microseconds.
    pub(super) task_micros: Spread,
    /// Waiting for a free worker, added over tasks.
    pub(super) queue: Duration,
    /// Computing, added over tasks.
    pub(super) compute: Duration,
    /// Waiting for inputs, added over tasks.
    pub(super) fetch: Duration,
}

impl StageRun {
    /// What the tasks of the stage number `stage` did.
    pub(super) fn of(tasks: &[TaskMetrics], stage: usize) -> Self {
        let own: Vec<&TaskMetrics> = tasks.iter().filter(|own| own.stage == stage).collect();
        let sum = |figure: fn(&TaskMetrics) -> u64| own.iter().map(|task| figure(task)).sum();
        let partitions = own.iter().map(|task| task.partition_rows.len()).max();
        let partition_rows = match partitions {
            Some(2..) => {
                let rows = |partition: usize| {
                    let rows = own
                        .iter()
                        .filter_map(|own| own.partition_rows.get(partition));
                    rows.sum()
                };
                (0..partitions.unwrap_or_default()).map(rows).collect()
            }
            _ => own.iter().map(|task| task.rows).collect(),
        };
        let workers: BTreeSet<&str> = own.iter().map(|task| task.worker.as_str()).collect();
        Self {
            tasks: own.len(),
            attempts: own.iter().map(|task| task.attempts).sum(),
            workers: workers.len(),
            rows: sum(|task| task.rows),
            bytes: sum(|task| task.bytes),
            partition_rows: Spread::of(partition_rows),
            task_micros: Spread::of(own.iter().map(|task| micros(task)).collect()),
            queue: Duration::from_micros(sum(|task| task.queue_micros)),
            compute: Duration::from_micros(sum(|task| task.micros)),
            fetch: Duration::from_micros(sum(|task| task.fetch_micros)),
        }
    }
}

fn micros(task: &TaskMetrics) -> u64 {
    task.micros + task.fetch_micros
}

/// The slowest task of a stage, and how many times longer than half of the others it took; `None` where they are alike.
pub(super) fn slow_task(tasks: &[TaskMetrics], stage: usize) -> Option<(usize, f64)> {
    let own = tasks.iter().filter(|task| task.stage == stage);
    let times = Spread::of(own.clone().map(micros).collect());
    let slowest = own.clone().max_by_key(|task| micros(task))?;
    let ratio = times.max as f64 / times.median.max(1) as f64;
    let is_long = times.max > SHORT.as_micros() as u64;
    (own.count() > 1 && is_long && ratio >= UNEVEN).then_some((slowest.task, ratio))
}

/// The stages that the result waited for, and their time: of each stage the input that was done last, each as long as its slowest
/// task.
pub(super) fn critical_path(
    plan: &DistributedPlan,
    tasks: &[TaskMetrics],
) -> (Vec<usize>, Duration) {
    let mut ends: Vec<(Vec<usize>, u64)> = Vec::with_capacity(plan.stages.len());
    for stage in &plan.stages {
        let inputs = stage
            .inputs
            .iter()
            .filter_map(|input| ends.get(input.stage_id));
        let (mut path, before) = inputs
            .max_by_key(|(_, end)| *end)
            .cloned()
            .unwrap_or_default();
        path.push(stage.stage_id);
        let own = StageRun::of(tasks, stage.stage_id).task_micros.max;
        ends.push((path, before + own));
    }
    let (path, micros) = ends.pop().unwrap_or_default();
    (path, Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(stage: usize, number: usize, micros: u64, partition_rows: &[u64]) -> TaskMetrics {
        TaskMetrics {
            stage,
            task: number,
            attempts: 1,
            worker: format!("w{number}"),
            pid: 1,
            rows: partition_rows.iter().sum(),
            bytes: 8,
            queue_micros: 3,
            micros,
            fetch_micros: 5,
            partition_rows: partition_rows.to_vec(),
            operators: Vec::new(),
        }
    }

    #[test]
    fn rows_are_counted_by_partition_of_all_tasks() {
        let tasks = [task(0, 0, 10, &[1, 0, 9]), task(0, 1, 20, &[1, 4, 0])];
        let run = StageRun::of(&tasks, 0);
        let expected = Spread {
            min: 2,
            median: 4,
            max: 9,
            skew: 1.8,
        };
        assert_eq!(run.partition_rows, expected);
        assert_eq!((run.rows, run.attempts, run.workers), (15, 2, 2));
        assert_eq!(run.fetch, Duration::from_micros(10));
        assert_eq!(run.queue, Duration::from_micros(6));
    }

    #[test]
    fn a_task_that_takes_longer_than_the_others_is_named() {
        let tasks = [
            task(0, 0, 10_000, &[1]),
            task(0, 1, 90_000, &[1]),
            task(0, 2, 11_000, &[1]),
        ];
        let (slow, ratio) = slow_task(&tasks, 0).unwrap();
        assert_eq!((slow, ratio.round()), (1, 8.0));
        assert_eq!(slow_task(&tasks[..1], 0), None);
    }
}
