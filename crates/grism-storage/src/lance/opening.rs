//! Opening a graph: one that is there, a new one, or one that another was built in the place of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use grism_core::{
    CommitSummary, Error, ErrorKind, GraphSchema, GraphStatistics, Result, SnapshotId,
};

use super::storage::LanceStorage;
use crate::clock::now;
use crate::constraints::KeyCache;
use crate::lance::history::format::{GraphOptions, read_format, write_format};
use crate::lance::history::log::{SnapshotEntry, SnapshotLog};
use crate::lance::place::resources::Resources;
use crate::lance::place::root::Root;
use crate::lance::reading::open_graph::OpenGraph;

impl LanceStorage {
    /// Opens the graph in the directory `path`. As with the other ways to open it here, it is the only graph that counts in
    /// its process's memory: several share one in a [`Catalog`](crate::Catalog).
    ///
    /// # Errors
    /// As [`Self::open_uri`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_uri(&path.as_ref().to_string_lossy(), &BTreeMap::new()).await
    }

    /// Opens the graph in the directory `path`, or makes an empty one laid out as `options` say.
    ///
    /// # Errors
    /// As [`Self::open_or_create_uri`].
    pub async fn open_or_create(path: impl AsRef<Path>, options: GraphOptions) -> Result<Self> {
        let uri = path.as_ref().to_string_lossy();
        Self::open_or_create_uri(&uri, &BTreeMap::new(), options).await
    }

    /// Opens the graph at `uri`: a path, or the URI of an object store with its options.
    ///
    /// # Errors
    /// `NotFound` where there is none; `InvalidData` where the directory is something else; `Unsupported` for a newer
    /// format.
    pub async fn open_uri(uri: &str, store_options: &BTreeMap<String, String>) -> Result<Self> {
        Self::open_with(uri, store_options, Resources::of_process()).await
    }

    /// As [`Self::open_uri`], with what graphs of the process share.
    pub(crate) async fn open_with(
        uri: &str,
        store_options: &BTreeMap<String, String>,
        resources: Resources,
    ) -> Result<Self> {
        let root = Root::new(uri, store_options, resources).await?;
        match read_format(&root).await? {
            Some(options) => Ok(Self::at(root, options)),
            None => Err(none_there(&root)),
        }
    }

    /// Opens the graph at `uri`, or makes an empty one laid out as `options` say.
    ///
    /// # Errors
    /// As [`Self::open_uri`]; `Unavailable` where the directory cannot be written.
    pub async fn open_or_create_uri(
        uri: &str,
        store_options: &BTreeMap<String, String>,
        options: GraphOptions,
    ) -> Result<Self> {
        Self::open_or_create_with(uri, store_options, options, Resources::of_process()).await
    }

    /// As [`Self::open_or_create_uri`], with what graphs of the process share.
    pub(crate) async fn open_or_create_with(
        uri: &str,
        store_options: &BTreeMap<String, String>,
        options: GraphOptions,
        resources: Resources,
    ) -> Result<Self> {
        let root = Root::new(uri, store_options, resources).await?;
        let options = made_format(&root, options).await?;
        let storage = Self::at(root, options);
        storage.ensure_first_snapshot().await?;
        Ok(storage)
    }

    fn at(root: Root, options: GraphOptions) -> Self {
        Self {
            log: Arc::new(SnapshotLog::new(root.clone())),
            open: Arc::new(OpenGraph::new(&root, options)),
            turns: Arc::default(),
            keys: KeyCache::new(root.resources().memory()),
            root,
        }
    }

    /// Looks whether the graph is still there. Where it was deleted, another one is made in its place if `create` is set.
    ///
    /// # Errors
    /// As [`Self::open_or_create_uri`]; `NotFound` where it is gone.
    pub(crate) async fn reopen(&self, create: bool) -> Result<()> {
        let Err(error) = self.log.latest().await else {
            return Ok(());
        };
        if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound) {
            return Err(error);
        }
        if create {
            self.log.begin_anew();
            made_format(&self.root, GraphOptions::default()).await?;
            return self.ensure_first_snapshot().await;
        }
        match read_format(&self.root).await? {
            Some(_) => Err(error),
            None => Err(none_there(&self.root)),
        }
    }

    async fn ensure_first_snapshot(&self) -> Result<()> {
        match self.log.latest().await {
            Ok(_) => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::NotFound) => {}
            Err(error) => return Err(error),
        }
        let entry = SnapshotEntry {
            id: SnapshotId(1),
            committed_at: now(),
            commit: uuid::Uuid::new_v4().to_string(),
            summary: CommitSummary {
                operation: "create".to_owned(),
                ..CommitSummary::default()
            },
            schema: GraphSchema::default(),
            statistics: GraphStatistics::default(),
            tables: BTreeMap::new(),
            adjacency: Vec::new(),
            loaded: BTreeMap::new(),
        };
        match self.log.publish(&entry).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }
}

/// Writes the format of a graph where there is none yet; how the graph is laid out.
async fn made_format(root: &Root, options: GraphOptions) -> Result<GraphOptions> {
    if let Some(known) = read_format(root).await? {
        return Ok(known);
    }
    write_format(root, options).await?;
    root.sync_up("_grism")?;
    // Another process may have been first, with other options.
    Ok(read_format(root).await?.unwrap_or(options))
}

fn none_there(root: &Root) -> Error {
    Error::not_found(format!("there is no graph at {}", root.uri()))
}
