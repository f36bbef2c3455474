//! How much memory storage uses in this process: the caches, and what is sorted at a time.

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

/// How many parts of a table are written at the same time; each holds some ten megabytes a column.
pub(crate) fn write_parts() -> u64 {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if LIMIT.load(Ordering::Relaxed) < 1 << 30 {
        1
    } else {
        threads as u64
    }
}

/// Bytes that one role's incidences take while they are sorted; two or more roles are sorted at the same time.
pub(crate) fn sort_bytes() -> u64 {
    (LIMIT.load(Ordering::Relaxed) / 16).min(256 << 20)
}
