//! How much memory storage uses in this process: the caches, and what is read, sorted and written at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes that storage uses where nothing is said.
const DEFAULT: u64 = 4 << 30;
/// The least that anything works with.
const LEAST: u64 = 32 << 20;

static LIMIT: AtomicU64 = AtomicU64::new(DEFAULT);
static HELD: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// A limit of what storage holds in this process, about, until this is dropped. Of several at once the least counts;
/// without any it is 4 GiB. Caches get a quarter of it.
#[derive(Debug)]
pub struct MemoryLimit(u64);

impl MemoryLimit {
    /// Limits storage to so many bytes, at least 32 MiB.
    #[must_use]
    pub fn hold(bytes: usize) -> Self {
        let limit = (bytes as u64).max(LEAST);
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(limit);
        settle(&held);
        if is_scarce() {
            give_back();
        }
        Self(limit)
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = held.iter().position(|own| *own == self.0) {
            held.swap_remove(place);
        }
        settle(&held);
    }
}

/// Lets the allocator give large blocks back to the system when they are freed. Left alone, glibc's keeps ever larger ones,
/// since it takes the size of what was freed last for what is wanted next.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    const LARGE: libc::c_int = 1 << 20;
    static DONE: std::sync::Once = std::sync::Once::new();
    DONE.call_once(|| {
        // SAFETY: the call takes two integers and changes a setting of the allocator under its own lock.
        #[expect(unsafe_code, reason = "the allocator is told in C")]
        let done = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
        if done != 1 {
            tracing::debug!("the allocator keeps large blocks that are freed");
        }
    });
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

fn settle(held: &[u64]) {
    let limit = held.iter().copied().min().unwrap_or(DEFAULT);
    if LIMIT.swap(limit, Ordering::Relaxed) != limit {
        crate::lance::limit_cache(cache_bytes());
    }
}

/// Bytes of columns and incidence lists that are kept.
pub(crate) fn cache_bytes() -> u64 {
    LIMIT.load(Ordering::Relaxed) / 4
}

/// Bytes of a text file that are parsed at a time; each parser holds a few such pieces in several forms.
pub(crate) fn piece_bytes() -> usize {
    (LIMIT.load(Ordering::Relaxed) / 256).clamp(256 << 10, 4 << 20) as usize
}

/// Whether memory is so scarce that things are done one after the other instead of at the same time.
pub(crate) fn is_scarce() -> bool {
    LIMIT.load(Ordering::Relaxed) < 1 << 30
}

/// How many parts of a table are written at the same time.
pub(crate) fn write_parts() -> u64 {
    if is_scarce() {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64
}

/// Bytes of a column that are gathered before they are written as a page; encoding takes twice as many more.
pub(crate) fn page_bytes() -> u64 {
    (LIMIT.load(Ordering::Relaxed) / 256).clamp(256 << 10, 8 << 20)
}

/// Bytes that a reader of rows in order may be ahead.
pub(crate) fn read_ahead() -> u64 {
    (LIMIT.load(Ordering::Relaxed) / 32).clamp(4 << 20, 64 << 20)
}

/// Bytes of rows that wait for their commit in memory.
pub(crate) fn waiting_bytes() -> usize {
    let limit = LIMIT.load(Ordering::Relaxed);
    let share = if is_scarce() { limit / 16 } else { limit / 2 };
    usize::try_from(share).unwrap_or(usize::MAX)
}

/// Bytes of cells that a transaction has set in one table and holds as values, and as many again as bytes.
pub(crate) fn cells_bytes() -> usize {
    usize::try_from(LIMIT.load(Ordering::Relaxed) / 32).unwrap_or(usize::MAX)
}

/// Rows of a commit that are changed together.
pub(crate) fn change_rows() -> usize {
    if is_scarce() { 1 << 15 } else { 1 << 17 }
}

/// Incidences that a commit gathers before it writes them, role by role.
pub(crate) fn change_incidences() -> usize {
    if is_scarce() { 1 << 18 } else { 1 << 22 }
}

/// Bytes, of those that may wait, for nodes that come into being because a load binds them.
pub(crate) fn created_bytes() -> usize {
    waiting_bytes() / 4
}

/// Bytes, of those that may wait, for rows that are grouped into hyperedges.
pub(crate) fn grouped_bytes() -> usize {
    (waiting_bytes() / 2).min(256 << 20)
}

/// Bytes that the keys of a load's nodes may take.
pub(crate) fn key_bytes() -> usize {
    usize::try_from(LIMIT.load(Ordering::Relaxed) / 4).unwrap_or(usize::MAX)
}

/// Bytes that the keys of a graph's constraints may take between commits, and those of one commit beside them.
pub(crate) fn constraint_bytes() -> u64 {
    LIMIT.load(Ordering::Relaxed) / 8
}

/// Bytes that one role's incidences take while they are sorted; two or more roles are sorted at the same time.
pub(crate) fn sort_bytes() -> u64 {
    (LIMIT.load(Ordering::Relaxed) / 16).min(256 << 20)
}
