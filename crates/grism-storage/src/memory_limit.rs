//! How much memory storage uses in this process: the caches, and what is read, sorted and written at a time.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that storage uses where nothing is said.
const DEFAULT: u64 = 4 << 30;
/// The least that anything works with.
const LEAST: u64 = 32 << 20;

static LIMIT: AtomicU64 = AtomicU64::new(DEFAULT);

/// Limits what storage holds in this process, about; `None` is the default of 4 GiB. Caches shrink to a quarter of it.
pub fn set_memory_limit(bytes: Option<usize>) {
    let bytes = bytes.map_or(DEFAULT, |bytes| (bytes as u64).clamp(LEAST, DEFAULT));
    if LIMIT.swap(bytes, Ordering::Relaxed) != bytes {
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

/// Bytes that the keys of a load's nodes may take.
pub(crate) fn key_bytes() -> usize {
    usize::try_from(LIMIT.load(Ordering::Relaxed) / 4).unwrap_or(usize::MAX)
}

/// Bytes that one role's incidences take while they are sorted; two or more roles are sorted at the same time.
pub(crate) fn sort_bytes() -> u64 {
    (LIMIT.load(Ordering::Relaxed) / 16).min(256 << 20)
}
