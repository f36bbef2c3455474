//! `Meter`: what one operator of a running query takes and reads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

thread_local! {
    // Which operator runs on this thread. Like the current span of `tracing`, it is set for a poll and never shared.
    static ACTIVE: RefCell<Option<Arc<Meter>>> = const { RefCell::new(None) };
}

/// Counts what an operator takes and reads: memory, temporary files, storage, and calls of functions that users registered.
///
/// The engine makes a meter active on a thread while the operator runs there; whatever the operator calls reports to
/// [`Meter::active`]. Work that is handed to another thread takes the meter along.
#[derive(Debug, Default)]
pub struct Meter {
    nested_nanos: AtomicU64,
    memory: AtomicU64,
    peak_memory: AtomicU64,
    spilled_bytes: AtomicU64,
    spill_files: AtomicU64,
    bytes_read: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    functions: Mutex<BTreeMap<String, FunctionMetrics>>,
}

/// The calls of one function that a user registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionMetrics {
    /// Calls: one for each batch, of an aggregate for rows of a group, and of a table function for each row.
    pub calls: u64,
    /// Rows over all calls: those that it was called for, and of a table function those that it made.
    pub rows: u64,
    /// Time within the function, in nanoseconds, added over threads.
    pub nanos: u64,
}

impl FunctionMetrics {
    /// Adds the calls of another process or operator.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.rows += other.rows;
        self.nanos += other.nanos;
    }
}

/// What a [`Meter`] has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes of memory that were reserved at once, at most.
    pub peak_memory: u64,
    /// Bytes written to temporary files.
    pub spilled_bytes: u64,
    /// Temporary files written.
    pub spill_files: u64,
    /// Bytes read from the files of the graph.
    pub bytes_read: u64,
    /// Pieces of columns and incidence lists that were in memory.
    pub cache_hits: u64,
    /// Pieces of columns and incidence lists that were read for the cache.
    pub cache_misses: u64,
    /// Calls of functions that users registered, by their names.
    pub functions: BTreeMap<String, FunctionMetrics>,
}

impl Usage {
    /// Adds what the same operator took in another task. Tasks hold memory at the same time, so that the peak is the largest of one.
    pub fn add(&mut self, other: &Self) {
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.spilled_bytes += other.spilled_bytes;
        self.spill_files += other.spill_files;
        self.bytes_read += other.bytes_read;
        self.cache_hits += other.cache_hits;
        self.cache_misses += other.cache_misses;
        for (name, calls) in &other.functions {
            self.functions.entry(name.clone()).or_default().add(calls);
        }
    }
}

/// Puts the meter back that was active before.
#[must_use = "the meter is active until this is dropped"]
#[derive(Debug)]
pub struct ActiveMeter(Option<Arc<Meter>>);

impl ActiveMeter {
    /// The meter that was active before.
    #[must_use]
    pub fn before(&self) -> Option<&Arc<Meter>> {
        self.0.as_ref()
    }
}

impl Drop for ActiveMeter {
    fn drop(&mut self) {
        let before = self.0.take();
        // The thread may be ending, and its meter gone.
        let _ = ACTIVE.try_with(|active| *active.borrow_mut() = before);
    }
}

impl Meter {
    /// The meter of the operator that runs on this thread.
    #[must_use]
    pub fn active() -> Option<Arc<Self>> {
        ACTIVE.try_with(|active| active.borrow().clone()).ok()?
    }

    /// Makes this the active meter of the thread until the result is dropped.
    pub fn activate(self: &Arc<Self>) -> ActiveMeter {
        let own = Some(Arc::clone(self));
        let before = ACTIVE.try_with(|active| active.replace(own));
        ActiveMeter(before.unwrap_or_default())
    }

    /// Another operator was at work for so many nanoseconds while this one was, on the same thread.
    pub fn nested(&self, nanos: u64) {
        self.nested_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The nanoseconds for which other operators were at work on threads of this one.
    #[must_use]
    pub fn nested_nanos(&self) -> u64 {
        self.nested_nanos.load(Ordering::Relaxed)
    }

    /// Bytes of memory were reserved.
    pub fn reserved(&self, bytes: usize) {
        let held = self.memory.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        self.peak_memory.fetch_max(held, Ordering::Relaxed);
    }

    /// Bytes of memory were given back.
    pub fn released(&self, bytes: usize) {
        self.memory.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes were written to so many new temporary files.
    pub fn spilled(&self, bytes: u64, files: u64) {
        self.spilled_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.spill_files.fetch_add(files, Ordering::Relaxed);
    }

    /// Bytes were read from files of the graph.
    pub fn read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A piece was asked of a cache, and was there or not.
    pub fn asked_cache(&self, answer: CacheAnswer) {
        let counter = match answer {
            CacheAnswer::Hit => &self.cache_hits,
            CacheAnswer::Miss => &self.cache_misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The function `name` was called for `rows` rows, or made them.
    pub fn called(&self, name: &str, rows: usize, time: Duration) {
        let mut functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let call = FunctionMetrics {
            calls: 1,
            rows: rows as u64,
            nanos: u64::try_from(time.as_nanos()).unwrap_or(u64::MAX),
        };
        match functions.get_mut(name) {
            Some(known) => known.add(&call),
            None => {
                functions.insert(name.to_owned(), call);
            }
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Usage {
            peak_memory: self.peak_memory.load(Ordering::Relaxed),
            spilled_bytes: self.spilled_bytes.load(Ordering::Relaxed),
            spill_files: self.spill_files.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            cache_hits: self.cache_hits.load(Ordering::Relaxed),
            cache_misses: self.cache_misses.load(Ordering::Relaxed),
            functions: functions.clone(),
        }
    }
}

/// Whether a cache had what was asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheAnswer {
    /// It was in memory.
    Hit,
    /// It had to be read.
    Miss,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_of_an_operator_is_active_within_it_and_the_one_around_it_afterwards() {
        let (outer, inner) = (Arc::new(Meter::default()), Arc::new(Meter::default()));
        {
            let _outer = outer.activate();
            {
                let _inner = inner.activate();
                Meter::active().unwrap().read(5);
            }
            Meter::active().unwrap().read(7);
        }
        assert!(Meter::active().is_none());
        assert_eq!(inner.usage().bytes_read, 5);
        assert_eq!(outer.usage().bytes_read, 7);
    }

    #[test]
    fn usage_of_tasks_adds_up_but_for_the_peak() {
        let meter = Meter::default();
        meter.reserved(100);
        meter.released(40);
        meter.reserved(30);
        meter.called("f", 3, Duration::from_nanos(8));
        let mut sum = meter.usage();
        sum.add(&meter.usage());
        assert_eq!(sum.peak_memory, 100);
        let calls = FunctionMetrics {
            calls: 2,
            rows: 6,
            nanos: 16,
        };
        assert_eq!(sum.functions["f"], calls);
    }
}
