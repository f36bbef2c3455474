//! What is kept in memory of the datasets of graphs: columns, deltas and segments, those used longest ago go first.
//!
//! ```text
//! all graphs of a catalog ─▶ ProcessCache, charged to the process's memory
//! a query under a limit   ─▶ reads the same; adds to it while it holds less than the query's share,
//!                            and to a cache of its own, charged to the query, past that
//! ```

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use arrow::array::{Array, ArrayRef};
use grism_core::{
    CacheAnswer, IncidenceSegment, ListDirectory, MemoryManager, MemoryReservation, Meter, Reclaim,
    Result, TableId, release_freed,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::lists::delta::Delta;
use crate::shares::Shares;

/// The part of a limit that a cache may hold.
const SHARE: usize = 4;
/// The part of a query's limit up to which it adds to the cache of the process.
const COMMON_SHARE: usize = 8;
/// Bytes of what is read that leave freed memory behind which is worth giving back, where memory is scarce.
const LARGE: usize = 1 << 20;
/// Bytes for which there is a part of a cache with a lock of its own: no entry is larger than a part.
const PART_BYTES: usize = 64 << 20;
/// Entries of a part for which there is room at first. The cache makes no part for fewer than 32.
const PART_ENTRIES: usize = 32;
/// Parts of a cache, at most.
const MOST_PARTS: usize = 64;

/// What is kept of datasets: by graph, dataset version, column or role, and place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::lance) struct CacheKey {
    pub(in crate::lance) graph: Arc<str>,
    pub(in crate::lance) dataset: DatasetVersion,
    pub(in crate::lance) column: String,
    pub(in crate::lance) members: Option<TableId>,
    pub(in crate::lance) chunk: u64,
}

#[derive(Clone, Debug)]
pub(in crate::lance) enum Cached {
    Column(ArrayRef),
    Delta(Arc<Delta>),
    Segment(Arc<IncidenceSegment>),
    Directory(Arc<ListDirectory>),
}

impl Cached {
    fn bytes(&self) -> usize {
        256 + match self {
            Self::Column(column) => column.get_array_memory_size(),
            Self::Delta(delta) => delta.bytes(),
            Self::Segment(segment) => segment.bytes(),
            Self::Directory(directory) => directory.bytes(),
        }
    }
}

/// The cache as one handle on a graph uses it.
#[derive(Clone)]
pub(crate) struct ReadCache {
    process: Arc<HeldCache>,
    /// That of a handle whose limit is less than the process's; made when it is needed.
    own: Option<Arc<OwnCache>>,
}

/// A cache of a query's own.
struct OwnCache {
    memory: Arc<dyn MemoryManager>,
    held: OnceLock<Arc<HeldCache>>,
}

/// Entries that are charged to a manager for as long as they are here.
struct HeldCache {
    entries: Cache<CacheKey, Entry, ByteWeighter>,
    memory: Arc<dyn MemoryManager>,
    capacity: usize,
}

#[derive(Clone)]
struct Entry {
    value: Cached,
    _reserved: Arc<MemoryReservation>,
}

#[derive(Clone)]
struct ByteWeighter;

impl Weighter<CacheKey, Entry> for ByteWeighter {
    fn weight(&self, _: &CacheKey, entry: &Entry) -> u64 {
        entry.value.bytes() as u64
    }
}

impl ReadCache {
    /// A cache for a process, which is charged to its `memory`.
    pub(crate) fn new(memory: &Arc<dyn MemoryManager>) -> Self {
        Self {
            process: HeldCache::new(memory),
            own: None,
        }
    }

    /// The same as work under `memory` uses it.
    pub(crate) fn within(&self, memory: &Arc<dyn MemoryManager>) -> Self {
        let is_limited = memory.limit() < self.process.memory.limit();
        let own = is_limited.then(|| {
            Arc::new(OwnCache {
                memory: Arc::clone(memory),
                held: OnceLock::new(),
            })
        });
        Self {
            process: Arc::clone(&self.process),
            own,
        }
    }

    /// What the cache of the process is charged to.
    pub(in crate::lance) fn process_memory(&self) -> &Arc<dyn MemoryManager> {
        &self.process.memory
    }

    /// Bytes that may be kept for this handle.
    pub(in crate::lance) fn capacity(&self) -> usize {
        match &self.own {
            Some(own) => own.memory.limit() / SHARE,
            None => self.process.capacity,
        }
    }

    /// What is kept under `key`. The operator that asks is told of what was found.
    pub(in crate::lance) fn get(&self, key: &CacheKey) -> Option<Cached> {
        let found = self.process.get(key);
        let found = found.or_else(|| self.own.as_ref()?.held.get()?.get(key))?;
        count(CacheAnswer::Hit);
        Some(found)
    }

    /// What is kept under `key`; where there is nothing, what `load` gives, which is kept if there is room. It is loaded once
    /// for all that ask at the same time. The operator that asks is told which of the two it was.
    pub(in crate::lance) async fn get_or_load(
        &self,
        key: &CacheKey,
        load: impl Future<Output = Result<Cached>>,
    ) -> Result<Cached> {
        if let Some(known) = self.get(key) {
            return Ok(known);
        }
        let held = self.room(0);
        let place = match held.entries.get_value_or_guard_async(key).await {
            Ok(entry) => {
                count(CacheAnswer::Hit);
                return Ok(entry.value);
            }
            Err(place) => place,
        };
        count(CacheAnswer::Miss);
        let value = load.await?;
        if value.bytes() >= LARGE && self.is_scarce() {
            release_freed();
        }
        let room = self.room(value.bytes());
        if !std::ptr::eq(room, held) {
            drop(place);
            room.keep(key.clone(), &value);
        } else if let Some(entry) = room.entry(&value) {
            // Where the place was taken meanwhile, somebody else keeps the same.
            place.insert(entry).ok();
        }
        Ok(value)
    }

    /// Keeps `value` under `key`, where it was not found, if there is room.
    pub(in crate::lance) fn insert(&self, key: CacheKey, value: &Cached) {
        count(CacheAnswer::Miss);
        self.room(value.bytes()).keep(key, value);
    }

    fn is_scarce(&self) -> bool {
        let own = self.own.as_ref().map(|own| &own.memory);
        Shares::of(own.unwrap_or(&self.process.memory).as_ref()).is_scarce()
    }

    /// Where an entry of so many bytes goes.
    fn room(&self, bytes: usize) -> &HeldCache {
        let Some(own) = &self.own else {
            return &self.process;
        };
        if self.process.bytes() + bytes < own.memory.limit() / COMMON_SHARE {
            return &self.process;
        }
        own.held.get_or_init(|| HeldCache::new(&own.memory))
    }
}

impl HeldCache {
    fn new(memory: &Arc<dyn MemoryManager>) -> Arc<Self> {
        let capacity = memory.limit() / SHARE;
        let parts = (capacity / PART_BYTES).clamp(1, MOST_PARTS);
        let made = Arc::new(Self {
            entries: Cache::with_weighter(parts * PART_ENTRIES, capacity as u64, ByteWeighter),
            memory: Arc::clone(memory),
            capacity,
        });
        let reclaiming: Weak<Self> = Arc::downgrade(&made);
        memory.add_cache(reclaiming);
        made
    }

    fn bytes(&self) -> usize {
        usize::try_from(self.entries.weight()).unwrap_or(usize::MAX)
    }

    fn get(&self, key: &CacheKey) -> Option<Cached> {
        self.entries.get(key).map(|entry| entry.value)
    }

    /// Keeps `value` under `key`, if there is room.
    fn keep(&self, key: CacheKey, value: &Cached) {
        if let Some(entry) = self.entry(value) {
            self.entries.insert(key, entry);
        }
    }

    /// An entry that is charged; `None` where there is no room for it.
    fn entry(&self, value: &Cached) -> Option<Entry> {
        let bytes = value.bytes();
        if bytes > self.capacity {
            return None;
        }
        let reserved = MemoryReservation::try_new_unmetered(Arc::clone(&self.memory), bytes);
        Some(Entry {
            value: value.clone(),
            _reserved: Arc::new(reserved.ok()?),
        })
    }
}

fn count(answer: CacheAnswer) {
    if let Some(meter) = Meter::active() {
        meter.asked_cache(answer);
    }
}

impl Reclaim for HeldCache {
    fn reclaim(&self, bytes: usize) {
        let left = self.bytes().saturating_sub(bytes).max(1);
        self.entries.set_capacity(left as u64);
        self.entries.set_capacity(self.capacity as u64);
    }
}

impl fmt::Debug for ReadCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.as_ref().and_then(|own| own.held.get());
        f.debug_struct("ReadCache")
            .field("process", &self.process.bytes())
            .field("own", &own.map(|own| own.bytes()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use grism_core::{MemoryBudget, PoolMemoryManager};

    use super::*;

    fn key(chunk: u64) -> CacheKey {
        CacheKey {
            graph: "g".into(),
            dataset: DatasetVersion::default(),
            column: "c".to_owned(),
            members: None,
            chunk,
        }
    }

    fn column(bytes: i64) -> Cached {
        Cached::Column(Arc::new(Int64Array::from_iter_values(0..bytes / 8)))
    }

    fn add(cache: &ReadCache, chunks: std::ops::Range<u64>) -> usize {
        for chunk in chunks.clone() {
            cache.insert(key(chunk), &column(1 << 10));
        }
        chunks
            .filter(|chunk| cache.get(&key(*chunk)).is_some())
            .count()
    }

    #[test]
    fn the_cache_is_charged_and_gives_back_when_a_query_needs_room() {
        let process: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(8 << 20));
        let cache = ReadCache::new(&process);
        assert_eq!(add(&cache, 0..500), 500);
        let charged = process.current_usage();
        assert!((500 << 10..700 << 10).contains(&charged), "{charged}");
        process.try_grow((8 << 20) - (100 << 10)).unwrap();
        let left = (0..500)
            .filter(|chunk| cache.get(&key(*chunk)).is_some())
            .count();
        assert!(left < 100 && process.current_usage() <= 8 << 20, "{left}");
        process.shrink((8 << 20) - (100 << 10));
        assert!(add(&cache, 500..900) > 300);
        drop(cache);
        assert_eq!(process.current_usage(), 0);
    }

    #[test]
    fn a_limited_query_does_not_fill_the_cache_of_the_others_nor_evict_from_it() {
        let process: Arc<dyn MemoryManager> = Arc::new(PoolMemoryManager::new(64 << 20));
        let cache = ReadCache::new(&process);
        let budget = || -> Arc<dyn MemoryManager> {
            Arc::new(MemoryBudget::new(Arc::clone(&process), Some(1 << 20)))
        };
        let (memory, other) = (budget(), budget());
        // What fits its share of the common cache is there for the next one.
        assert_eq!(add(&cache.within(&memory), 0..50), 50);
        let second = cache.within(&other);
        assert!(second.get(&key(0)).is_some());
        assert_eq!(add(&cache, 1000..1400), 400);
        let before = process.current_usage();
        let found = add(&second, 2000..3000);
        assert!(found > 0 && found < 400, "{found}");
        assert!(
            other.current_usage() <= 256 << 10,
            "{}",
            other.current_usage()
        );
        assert_eq!(process.current_usage() - other.current_usage(), before);
        assert!((1000..1400).all(|chunk| cache.get(&key(chunk)).is_some()));
        assert!((2000..3000).all(|chunk| cache.get(&key(chunk)).is_none()));
        // The query's own needs come first.
        other.try_grow(1 << 20).unwrap();
        other.shrink(1 << 20);
        drop(second);
        assert_eq!(
            (other.current_usage(), process.current_usage()),
            (0, before)
        );
    }
}
