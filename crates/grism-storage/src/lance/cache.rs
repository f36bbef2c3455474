//! What is kept in memory of the datasets of all graphs: columns, deltas and segments, those used longest ago go first.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef};
use grism_core::{CacheAnswer, IncidenceSegment, Meter, Result, TableId};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::log::DatasetVersion;
use super::read_lists::Delta;
use crate::memory_limit::cache_bytes;

/// What is kept of datasets: by graph, dataset version, column or role, and place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CacheKey {
    pub(super) graph: Arc<str>,
    pub(super) dataset: DatasetVersion,
    pub(super) column: String,
    pub(super) members: Option<TableId>,
    pub(super) chunk: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Cached {
    Column(ArrayRef),
    Delta(Arc<Delta>),
    Segment(Arc<IncidenceSegment>),
}

#[derive(Clone)]
pub(super) struct ByteWeighter;

impl Weighter<CacheKey, Cached> for ByteWeighter {
    fn weight(&self, _: &CacheKey, value: &Cached) -> u64 {
        let bytes = match value {
            Cached::Column(column) => column.get_array_memory_size(),
            Cached::Delta(delta) => delta.bytes(),
            Cached::Segment(segment) => segment.bytes(),
        };
        bytes as u64 + 256
    }
}

/// The cache of this process.
fn cache() -> &'static Cache<CacheKey, Cached, ByteWeighter> {
    static CACHE: OnceLock<Cache<CacheKey, Cached, ByteWeighter>> = OnceLock::new();
    CACHE.get_or_init(|| Cache::with_weighter(1 << 12, cache_bytes(), ByteWeighter))
}

/// What is kept under `key`, or what `load` reads, which is kept then. The operator that asks is told which of the two it was.
///
/// # Errors
/// Those of `load`.
pub(super) async fn kept_or_read(
    key: &CacheKey,
    load: impl Future<Output = Result<Cached>>,
) -> Result<Cached> {
    let mut answer = CacheAnswer::Hit;
    let load = async {
        answer = CacheAnswer::Miss;
        load.await
    };
    let found = cache().get_or_insert_async(key, load).await;
    count(answer);
    found
}

/// What is kept under `key`.
pub(super) fn kept(key: &CacheKey) -> Option<Cached> {
    let found = cache().get(key)?;
    count(CacheAnswer::Hit);
    Some(found)
}

/// Keeps what was read because it was not there.
pub(super) fn keep(key: CacheKey, value: Cached) {
    count(CacheAnswer::Miss);
    cache().insert(key, value);
}

fn count(answer: CacheAnswer) {
    if let Some(meter) = Meter::active() {
        meter.asked_cache(answer);
    }
}

/// Lets the cache hold so many bytes.
pub(crate) fn limit_cache(bytes: u64) {
    cache().set_capacity(bytes);
}
