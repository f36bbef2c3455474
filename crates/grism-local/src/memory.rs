//! The memory of the process: one pool, three quarters of the machine unless told otherwise.

use std::sync::{Arc, OnceLock};

use grism_engine::{MemoryManager, PoolMemoryManager};

/// What is assumed where the machine does not tell, in bytes.
const ASSUMED_MEMORY: usize = 8 << 30;

/// The pool that queries of this process share when they name no limit of their own.
#[must_use]
pub fn process_memory() -> Arc<dyn MemoryManager> {
    static POOL: OnceLock<Arc<dyn MemoryManager>> = OnceLock::new();
    Arc::clone(POOL.get_or_init(|| Arc::new(PoolMemoryManager::new(machine_memory() / 4 * 3))))
}

fn machine_memory() -> usize {
    let total = || -> Option<usize> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<usize>()
            .ok()?
            .checked_mul(1024)
    };
    total()
        .unwrap_or(ASSUMED_MEMORY)
        .min(address_space().unwrap_or(usize::MAX))
}

/// What the process may address (`ulimit -v`), in bytes; `None` where that is not limited.
fn address_space() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}
