//! `Graph`: the way in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, RwLock};

use grism_core::{MemoryBudget, Result, Snapshot, SnapshotInfo, SnapshotSelector, Storage};
use grism_functions::Functions;
use grism_storage::{Catalog, InMemoryStorage};

use crate::plan_cache::PlanCache;
use crate::tables::NamedTables;

/// An open graph.
#[derive(Clone)]
pub struct Graph {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) plans: Arc<PlanCache>,
    /// Tables by the names that they are registered under.
    pub(crate) tables: Arc<RwLock<NamedTables>>,
    /// Functions that the user registered.
    pub(crate) functions: Arc<RwLock<Functions>>,
}

impl Graph {
    /// An empty graph in memory, which shares the memory of the process with those that [`Self::open`] opens.
    #[must_use]
    pub fn in_memory() -> Self {
        let memory = Arc::clone(process_catalog().memory());
        Self::over(Arc::new(InMemoryStorage::within(memory)))
    }

    /// Opens the graph at a path or URI, and makes it where `create` is set and there is none.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open(uri: &str, create: bool) -> Result<Self> {
        Self::open_with(uri, &BTreeMap::new(), create).await
    }

    /// Opens the graph at a URI with the options of its object store, such as `aws_endpoint`.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub async fn open_with(
        uri: &str,
        options: &BTreeMap<String, String>,
        create: bool,
    ) -> Result<Self> {
        let storage = process_catalog().open(uri, options, create).await?;
        Ok(Self::over(storage))
    }

    /// A graph over a storage that is open already.
    #[must_use]
    pub fn over(storage: Arc<dyn Storage>) -> Self {
        Self {
            storage,
            plans: Arc::new(PlanCache::new()),
            tables: Arc::default(),
            functions: Arc::default(),
        }
    }

    /// The same graph over another storage, with the tables and functions that are registered.
    pub(crate) fn with_storage(&self, storage: Arc<dyn Storage>) -> Self {
        Self {
            tables: Arc::clone(&self.tables),
            functions: Arc::clone(&self.functions),
            ..Self::over(storage)
        }
    }

    /// The same graph for work that may hold `memory_limit` bytes; without a limit, the graph itself.
    pub(crate) fn within(&self, memory_limit: Option<usize>) -> Self {
        Self {
            storage: limited(&self.storage, memory_limit),
            ..self.clone()
        }
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// A snapshot.
    ///
    /// # Errors
    /// `NotFound` where there is no such snapshot.
    pub async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        self.storage.snapshot(which).await
    }

    /// The committed snapshots, oldest first.
    ///
    /// # Errors
    /// Those of the storage.
    pub async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        self.storage.history().await
    }
}

/// The catalog of the graphs that the process opens by their URIs. It holds the memory that they share.
fn process_catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(Catalog::new)
}

/// A handle on the same graph for work that may hold `memory_limit` bytes.
pub(crate) fn limited(storage: &Arc<dyn Storage>, memory_limit: Option<usize>) -> Arc<dyn Storage> {
    match memory_limit {
        None => Arc::clone(storage),
        limit => {
            let budget = MemoryBudget::new(Arc::clone(storage.memory()), limit);
            storage.with_memory(Arc::new(budget))
        }
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
