//! `MemoryManager`: the contract of what hands out memory, and `Reclaim`: that of what can give it back.

use std::fmt::Debug;
use std::sync::Weak;

use crate::Result;

/// Hands out memory under a limit.
pub trait MemoryManager: Send + Sync + Debug {
    /// Takes `bytes` more. Where they do not fit, caches are asked to give back first.
    ///
    /// # Errors
    /// `ResourceExhausted` past the limit; then nothing was taken.
    fn try_grow(&self, bytes: usize) -> Result<()>;

    /// Takes `bytes` more, past the limit if need be: for what exists already and can only be counted.
    fn grow(&self, bytes: usize);

    /// Gives `bytes` back.
    fn shrink(&self, bytes: usize);

    /// Bytes held.
    fn current_usage(&self) -> usize;

    /// The most bytes that were held at once.
    fn peak_usage(&self) -> usize;

    /// The limit in bytes.
    fn limit(&self) -> usize;

    /// Has `cache`, which is charged here, be asked to give back before anything is refused. It is forgotten once it is dropped.
    fn add_cache(&self, cache: Weak<dyn Reclaim>);
}

/// Something that holds memory which it can do without: a cache.
pub trait Reclaim: Send + Sync {
    /// Gives back at least `bytes`, or all that it can. It may be called while the cache itself asks for memory.
    fn reclaim(&self, bytes: usize);
}
