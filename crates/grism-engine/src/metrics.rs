//! What operators did: rows, batches, bytes and time, by operator.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Takes what operators report. Operators are known by their key, see [`crate::operator_key`].
pub trait MetricsSink: Send + Sync + Debug {
    /// One batch of `rows` rows and `bytes` bytes left the operator, after `busy` time within it and below.
    fn record_batch(&self, operator: usize, rows: usize, bytes: usize, busy: Duration);

    /// What the operator did so far.
    fn operator(&self, operator: usize) -> OperatorMetrics;
}

/// Figures of one operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorMetrics {
    /// Rows that left it.
    pub rows: u64,
    /// Batches that left it.
    pub batches: u64,
    /// Bytes that left it.
    pub bytes: u64,
    /// Time within the operator and its inputs, in nanoseconds, added over threads.
    pub busy_nanos: u64,
}

/// Keeps the figures of one query.
#[derive(Debug, Default)]
pub struct QueryMetrics {
    operators: Mutex<HashMap<usize, OperatorMetrics>>,
}

impl MetricsSink for QueryMetrics {
    fn record_batch(&self, operator: usize, rows: usize, bytes: usize, busy: Duration) {
        let mut operators = self
            .operators
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let entry = operators.entry(operator).or_default();
        entry.rows += rows as u64;
        entry.batches += u64::from(rows > 0);
        entry.bytes += bytes as u64;
        entry.busy_nanos += u64::try_from(busy.as_nanos()).unwrap_or(u64::MAX);
    }

    fn operator(&self, operator: usize) -> OperatorMetrics {
        let operators = self
            .operators
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        operators.get(&operator).copied().unwrap_or_default()
    }
}
