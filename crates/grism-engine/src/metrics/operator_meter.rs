//! `OperatorMeter`: counts while an operator runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use grism_core::Meter;

use super::{OperatorId, OperatorMetrics};

/// Counts what one operator does, on all the threads of a process that run it.
#[derive(Debug, Default)]
pub struct OperatorMeter {
    id: OperatorId,
    rows: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
    busy_nanos: AtomicU64,
    wait_nanos: AtomicU64,
    /// Threads that are at work in it now.
    running: AtomicU64,
    threads: AtomicU64,
    meter: Arc<Meter>,
}

impl OperatorMeter {
    pub(super) fn new(id: OperatorId) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// The operator's number.
    #[must_use]
    pub fn id(&self) -> OperatorId {
        self.id
    }

    /// What counts memory, temporary files and reads of the operator.
    #[must_use]
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// A thread began to work in the operator.
    pub(crate) fn begin(&self) {
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.threads.fetch_max(running, Ordering::Relaxed);
    }

    /// A thread ended its work of this time.
    pub(crate) fn end(&self, busy: Duration) {
        self.running.fetch_sub(1, Ordering::Relaxed);
        self.busy_nanos.fetch_add(nanos(busy), Ordering::Relaxed);
    }

    /// A stream of the operator waited so long before it went on.
    pub(crate) fn waited(&self, time: Duration) {
        self.wait_nanos.fetch_add(nanos(time), Ordering::Relaxed);
    }

    /// A batch left the operator.
    pub(crate) fn output(&self, rows: usize, bytes: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The figures so far.
    #[must_use]
    pub fn metrics(&self) -> OperatorMetrics {
        OperatorMetrics {
            id: self.id,
            rows: self.rows.load(Ordering::Relaxed),
            batches: self.batches.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            busy_nanos: self.busy_nanos.load(Ordering::Relaxed),
            nested_nanos: self.meter.nested_nanos(),
            wait_nanos: self.wait_nanos.load(Ordering::Relaxed),
            threads: self.threads.load(Ordering::Relaxed),
            usage: self.meter.usage(),
        }
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
