//! What the graphs of a process share: memory, the cache of what was read, and Lance's session.

use std::fmt;
use std::sync::Arc;

use grism_core::{MemoryManager, PoolMemoryManager};
use lance::session::Session;
use lance_io::object_store::ObjectStoreRegistry;

use crate::lance::reading::cache::ReadCache;
use crate::shares::Shares;

/// Bytes of Lance's caches at most: indices, and manifests with file metadata.
const INDEX_CACHE: usize = 64 << 20;
const METADATA_CACHE: usize = 256 << 20;

/// What graphs are read and written with. Copies share everything.
#[derive(Clone)]
pub(crate) struct Resources {
    session: Arc<Session>,
    cache: ReadCache,
    memory: Arc<dyn MemoryManager>,
}

impl Resources {
    /// Those of a process with this memory.
    pub(crate) fn new(memory: Arc<dyn MemoryManager>) -> Self {
        let limit = memory.limit();
        Self {
            session: Arc::new(Session::new(
                INDEX_CACHE.min(limit / 64),
                METADATA_CACHE.min(limit / 16),
                Arc::new(ObjectStoreRegistry::default()),
            )),
            cache: ReadCache::new(&memory),
            memory,
        }
    }

    /// Those of a process that has nothing else to do with memory.
    pub(crate) fn of_process() -> Self {
        Self::new(Arc::new(PoolMemoryManager::of_process()))
    }

    /// The same for work that is charged to `memory`.
    pub(crate) fn within(&self, memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            session: Arc::clone(&self.session),
            cache: self.cache.within(&memory),
            memory,
        }
    }

    /// The same for work that is charged to the process.
    pub(in crate::lance) fn common(&self) -> Self {
        let memory = Arc::clone(self.cache.process_memory());
        Self {
            session: Arc::clone(&self.session),
            cache: self.cache.within(&memory),
            memory,
        }
    }

    /// A session whose caches are empty, for a file that may differ from what is cached of its path.
    pub(in crate::lance) fn uncached(&self) -> Arc<Session> {
        let stores = self.session.store_registry();
        Arc::new(Session::new(1 << 20, 1 << 20, stores))
    }

    /// The session of Lance.
    pub(in crate::lance) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// What is kept of what was read.
    pub(in crate::lance) fn cache(&self) -> &ReadCache {
        &self.cache
    }

    /// What work is charged to.
    pub(crate) fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    /// The shares of the memory.
    pub(in crate::lance) fn shares(&self) -> Shares {
        Shares::of(self.memory.as_ref())
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources")
            .field("memory", &self.memory)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
