//! The caches that are charged to a manager.

use std::fmt;
use std::sync::{PoisonError, RwLock, Weak};

use super::Reclaim;

/// Caches that are asked to give back, in the order in which they were added.
#[derive(Default)]
pub(super) struct Caches(RwLock<Vec<Weak<dyn Reclaim>>>);

impl Caches {
    /// Adds a cache; those that are gone are forgotten.
    pub(super) fn add(&self, cache: Weak<dyn Reclaim>) {
        let mut caches = self.0.write().unwrap_or_else(PoisonError::into_inner);
        caches.retain(|own| own.strong_count() > 0);
        caches.push(cache);
    }

    /// Asks each cache for what `missing` still says, until that is nothing.
    pub(super) fn reclaim(&self, missing: impl Fn() -> usize) {
        let caches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let alive: Vec<_> = caches.iter().filter_map(Weak::upgrade).collect();
        // A cache may add another one, or be dropped, while it gives back.
        drop(caches);
        for cache in alive {
            match missing() {
                0 => return,
                bytes => cache.reclaim(bytes),
            }
        }
    }
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "{} caches", caches.len())
    }
}
