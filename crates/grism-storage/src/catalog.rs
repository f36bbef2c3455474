//! The catalog: from a URI to the storage behind it, each opened once per process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use grism_core::{Error, MemoryManager, PoolMemoryManager, Result, Storage, StorageDescriptor};

use crate::lance::Resources;
use crate::location::{Location, check_store};
use crate::{GraphOptions, InMemoryStorage, LanceStorage};

/// Opens graphs by URI, and keeps them open: they share one memory and the caches that are charged to it.
///
/// A path, or `file://` and a path, is a graph of Lance datasets; so is `s3://`, a bucket and a prefix, with the options and
/// environment variables of object stores. `memory://` and a name is a graph in this process.
#[derive(Debug)]
pub struct Catalog {
    open: RwLock<HashMap<String, OpenStorage>>,
    resources: Resources,
}

/// A storage that is open.
#[derive(Clone, Debug)]
struct OpenStorage {
    storage: Arc<dyn Storage>,
    /// The same, where the catalog opened it at a place that may hold another graph by now.
    placed: Option<LanceStorage>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// An empty catalog, whose graphs share three quarters of what the process may use of the machine.
    #[must_use]
    pub fn new() -> Self {
        Self::with_memory(Arc::new(PoolMemoryManager::of_process()))
    }

    /// An empty catalog, whose graphs share `memory`.
    #[must_use]
    pub fn with_memory(memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            open: RwLock::default(),
            resources: Resources::new(memory),
        }
    }

    /// The memory that the graphs share.
    #[must_use]
    pub fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.resources.memory()
    }

    /// Opens the graph at `uri`, and makes it where `create` is set and there is none.
    ///
    /// # Errors
    /// `NotFound` where there is no graph; `InvalidData` where something else is there; `Unsupported` for a newer
    /// format or a scheme Grism does not know.
    pub async fn open(
        &self,
        uri: &str,
        options: &BTreeMap<String, String>,
        create: bool,
    ) -> Result<Arc<dyn Storage>> {
        let key = canonical(uri)?;
        check_options(&key, options)?;
        if let Some(known) = self.known(&key) {
            if let Some(placed) = known.placed {
                // Somebody may have deleted the graph, or built another in its place.
                placed.reopen(create).await?;
            }
            return Ok(known.storage);
        }
        if key.starts_with(MEMORY) {
            if !create {
                return Err(Error::not_found(format!(
                    "there is no graph {key} in this process"
                )));
            }
            let made = InMemoryStorage::within(Arc::clone(self.memory())).named(&key);
            return Ok(self.register(&key, Arc::new(made)));
        }
        let placed = if create {
            let layout = GraphOptions::default();
            let resources = self.resources.clone();
            let made = LanceStorage::open_or_create_with(&key, options, layout, resources);
            made.await?
        } else {
            let resources = self.resources.clone();
            LanceStorage::open_with(&key, options, resources).await?
        };
        Ok(self.keep(
            &key,
            OpenStorage {
                storage: Arc::new(placed.clone()),
                placed: Some(placed),
            },
        ))
    }

    /// Opens what a descriptor from another process names.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_descriptor(
        &self,
        descriptor: &StorageDescriptor,
    ) -> Result<Arc<dyn Storage>> {
        self.open(&descriptor.uri, &descriptor.options, false).await
    }

    /// The storage that is open under `uri`.
    #[must_use]
    pub fn registered(&self, uri: &str) -> Option<Arc<dyn Storage>> {
        Some(self.known(uri)?.storage)
    }

    fn known(&self, uri: &str) -> Option<OpenStorage> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.get(uri).cloned()
    }

    /// Puts a storage under `uri`, unless there is one, and returns the one that is there.
    pub fn register(&self, uri: &str, storage: Arc<dyn Storage>) -> Arc<dyn Storage> {
        self.keep(
            uri,
            OpenStorage {
                storage,
                placed: None,
            },
        )
    }

    fn keep(&self, uri: &str, opened: OpenStorage) -> Arc<dyn Storage> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&open.entry(uri.to_owned()).or_insert(opened).storage)
    }
}

const MEMORY: &str = "memory://";

fn canonical(uri: &str) -> Result<String> {
    if uri.is_empty() {
        return Err(Error::invalid_data("the path of the graph is empty"));
    }
    if let Location::Local(path) = Location::of(uri)? {
        let path = std::path::absolute(path.as_ref())?;
        return Ok(path.to_string_lossy().into_owned());
    }
    if uri.starts_with(MEMORY) {
        return Ok(uri.to_owned());
    }
    check_store(uri)?;
    let (scheme, rest) = uri.split_once("://").unwrap_or_default();
    let rest = rest.trim_end_matches('/');
    Ok(format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

fn check_options(uri: &str, options: &BTreeMap<String, String>) -> Result<()> {
    match options.keys().next() {
        Some(name) if !uri.contains("://") || uri.starts_with(MEMORY) => Err(Error::invalid_data(
            format!("the option `{name}` is for object stores, and {uri} is none"),
        )),
        _ => Ok(()),
    }
}
