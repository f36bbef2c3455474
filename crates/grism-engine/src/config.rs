//! Settings of planners and runtimes.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Resources;

/// Bytes of the memory limit for which there is another worker.
const WORKER_BYTES: usize = 192 << 20;

/// Starting other threads, until they work, takes about as long: a query that is done before does not wait for them, and one that
/// goes on loses at most as much as they cost.
const ALONE_MICROS: u64 = 100;

/// Settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeConfig {
    /// Workers that pull morsels, at most; 1 is a single-threaded pull. By default the number of cores.
    pub threads: usize,
    /// Microseconds for which a pipeline runs on the thread that asks for its rows, before others share its pieces; 0 shares
    /// them at once. By default 100.
    pub alone_micros: u64,
    /// Rows per batch, at most. By default 8,192.
    pub batch_rows: usize,
    /// Bytes that the query may hold, caches of what it reads among them; `None` is what the memory of its graph allows.
    pub memory_limit: Option<usize>,
    /// How long a query may run, in milliseconds; `None` is without end.
    pub timeout_ms: Option<u64>,
    /// What this process has beside cores and memory, for operators that need it; on Ray each worker says what it has.
    pub resources: Resources,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        // Asking the machine reads files, and each query asks.
        static CORES: OnceLock<usize> = OnceLock::new();
        let threads = *CORES
            .get_or_init(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        Self {
            threads,
            alone_micros: ALONE_MICROS,
            batch_rows: 8192,
            memory_limit: None,
            timeout_ms: None,
            resources: Resources::default(),
        }
    }
}

impl RuntimeConfig {
    /// With this many workers, at least one.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Workers for the memory that there is: each takes its own part of the lists and buffers of a plan.
    #[must_use]
    pub fn workers(&self) -> usize {
        let by_memory = self
            .memory_limit
            .map_or(usize::MAX, |limit| limit / WORKER_BYTES);
        self.threads.min(by_memory).max(1)
    }

    /// With this memory limit, in bytes.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// With these resources in this process.
    #[must_use]
    pub fn with_resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// When a run that starts now must have ended; `None` is without end.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let timeout = Duration::from_millis(self.timeout_ms?);
        // A time that no clock can show is without end.
        Instant::now().checked_add(timeout)
    }

    /// With this time limit, in milliseconds.
    #[must_use]
    pub fn with_timeout_ms(mut self, timeout_ms: u64) -> Self {
        self.timeout_ms = Some(timeout_ms);
        self
    }
}

/// Settings of a physical planner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannerConfig {
    /// Workers the plan is made for.
    pub threads: usize,
}

impl Default for PlannerConfig {
    fn default() -> Self {
        Self {
            threads: RuntimeConfig::default().threads,
        }
    }
}
