//! `OperatorMetrics`: the figures of one operator, which travel from where it ran.

use std::time::Duration;

use grism_core::Usage;
use serde::{Deserialize, Serialize};

use super::OperatorId;

/// Figures of one operator of one run, added over the threads and tasks that ran it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorMetrics {
    /// The operator.
    pub id: OperatorId,
    /// Rows that left it.
    pub rows: u64,
    /// Batches that left it.
    pub batches: u64,
    /// Bytes that left it, as columns lie in memory.
    pub bytes: u64,
    /// Time at work in the operator and in the inputs that ran on its threads, in nanoseconds, added over threads.
    pub busy_nanos: u64,
    /// Of that, the time in those inputs.
    pub nested_nanos: u64,
    /// Time that the operator or its inputs waited: for storage, other threads, or other stages. In nanoseconds, added over threads.
    pub wait_nanos: u64,
    /// Threads that were at work in it at the same time, at most.
    pub threads: u64,
    /// What it took and read itself, without its inputs.
    pub usage: Usage,
}

/// The time of an operator without its inputs, added over threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnTime {
    /// At work.
    pub busy: Duration,
    /// Waiting for storage or another stage.
    pub wait: Duration,
}

impl OwnTime {
    /// At work or waiting.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.busy + self.wait
    }
}

impl OperatorMetrics {
    /// The time of the operator without `inputs`, the plan within it among them.
    #[must_use]
    pub fn own_time<'a>(&self, inputs: impl IntoIterator<Item = &'a Self>) -> OwnTime {
        let (mut busy, mut wait) = (0, 0);
        for input in inputs {
            busy += input.busy_nanos;
            wait += input.wait_nanos;
        }
        let own = Duration::from_nanos(self.busy_nanos.saturating_sub(self.nested_nanos));
        // Inputs that were at work elsewhere too ran on threads of their own, for which the operator only waited.
        let waited = match busy > self.nested_nanos {
            true => 0,
            false => self.wait_nanos.saturating_sub(wait),
        };
        OwnTime {
            busy: own,
            wait: Duration::from_nanos(waited),
        }
    }

    /// Adds the figures of another task that ran the operator at the same time.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.batches += other.batches;
        self.bytes += other.bytes;
        self.busy_nanos += other.busy_nanos;
        self.nested_nanos += other.nested_nanos;
        self.wait_nanos += other.wait_nanos;
        self.threads += other.threads;
        self.usage.add(&other.usage);
    }
}

/// The figures of several tasks, added by operator and in the order of the operators.
#[must_use]
pub fn add_metrics<'a>(
    tasks: impl IntoIterator<Item = &'a OperatorMetrics>,
) -> Vec<OperatorMetrics> {
    let mut sums: std::collections::BTreeMap<OperatorId, OperatorMetrics> = Default::default();
    for metrics in tasks {
        match sums.get_mut(&metrics.id) {
            Some(sum) => sum.add(metrics),
            None => {
                sums.insert(metrics.id, metrics.clone());
            }
        }
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(id: u32, busy_nanos: u64, wait_nanos: u64) -> OperatorMetrics {
        OperatorMetrics {
            id: OperatorId(id),
            rows: 10,
            busy_nanos,
            wait_nanos,
            threads: 1,
            ..OperatorMetrics::default()
        }
    }

    #[test]
    fn own_time_is_without_inputs_and_without_waiting_for_their_threads() {
        let around = |busy_nanos, nested_nanos, wait_nanos| OperatorMetrics {
            nested_nanos,
            ..metrics(0, busy_nanos, wait_nanos)
        };
        let own = around(100, 40, 50).own_time([&metrics(1, 30, 20), &metrics(2, 10, 0)]);
        assert_eq!((own.busy.as_nanos(), own.wait.as_nanos()), (60, 30));
        // The input was at work on two threads while the operator waited for it.
        let own = around(5, 0, 400).own_time([&metrics(1, 800, 0)]);
        assert_eq!((own.busy.as_nanos(), own.wait.as_nanos()), (5, 0));
        // It was at work on the thread of the operator, and on another one.
        let own = around(410, 400, 7).own_time([&metrics(1, 800, 0)]);
        assert_eq!((own.busy.as_nanos(), own.wait.as_nanos()), (10, 0));
    }

    #[test]
    fn metrics_of_tasks_are_added_by_operator() {
        let tasks = [metrics(1, 5, 0), metrics(0, 7, 1), metrics(1, 6, 2)];
        let sums = add_metrics(&tasks);
        assert_eq!(sums[0], metrics(0, 7, 1));
        assert_eq!((sums[1].rows, sums[1].busy_nanos), (20, 11));
        assert_eq!((sums[1].threads, sums[1].wait_nanos), (2, 2));
    }
}
