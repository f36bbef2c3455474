//! `Counter`: the bytes in use under a limit, and the caches that give some back.

use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Reclaim;
use super::caches::Caches;
use crate::{Error, ErrorKind, Result};

/// What every manager of memory counts.
#[derive(Debug)]
pub(super) struct Counter {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    caches: Caches,
}

impl Counter {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            caches: Caches::default(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    pub(super) fn peak(&self) -> usize {
        self.peak.load(Ordering::Acquire)
    }

    /// Takes `bytes`, for which caches give back what is missing; the bytes that are in use then. They are no peak before
    /// [`Self::reached`] says so.
    ///
    /// # Errors
    /// `ResourceExhausted` where they do not fit.
    pub(super) fn try_take(&self, bytes: usize) -> Result<usize> {
        if let Ok(total) = self.take(bytes) {
            return Ok(total);
        }
        if bytes <= self.limit {
            let missing = || self.used().saturating_add(bytes).saturating_sub(self.limit);
            self.caches.reclaim(missing);
        }
        self.take(bytes)
            .map_err(|used| exhausted(bytes, used, self.limit))
    }

    /// Takes `bytes`, past the limit too; the bytes that are in use then.
    pub(super) fn add(&self, bytes: usize) -> usize {
        self.used.fetch_add(bytes, Ordering::AcqRel) + bytes
    }

    /// So many bytes were in use at once.
    pub(super) fn reached(&self, total: usize) {
        self.peak.fetch_max(total, Ordering::AcqRel);
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
    }

    pub(super) fn add_cache(&self, cache: Weak<dyn Reclaim>) {
        self.caches.add(cache);
    }

    /// The bytes in use with `bytes` more, where they fit; without them where they do not.
    fn take(&self, bytes: usize) -> std::result::Result<usize, usize> {
        let fits = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        let before = self
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)?;
        Ok(before + bytes)
    }
}

fn exhausted(bytes: usize, used: usize, limit: usize) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        format!(
            "{bytes} more bytes do not fit: {used} of {limit} are in use; raise the memory limit"
        ),
    )
}
