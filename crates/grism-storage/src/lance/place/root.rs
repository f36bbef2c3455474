//! Where a graph lies: a directory, whose files are synced, or a prefix of an object store.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{Error, ErrorKind, MemoryManager, Result, is_secret_name, without_secrets};
use lance::dataset::WriteParams;
use lance::dataset::builder::DatasetBuilder;
use lance_io::object_store::{
    ObjectStore as LanceStore, ObjectStoreParams, StorageOptionsAccessor,
};
use object_store::path::Path as StorePath;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::lance::place::error::from_lance;
use crate::lance::place::resources::Resources;
use crate::lance::place::sync::{Unsynced, replace_file, sync_directory, write_new_file};

/// The place of one graph, and what it is read and written with; paths within it are relative and have `/` between their parts.
#[derive(Clone)]
pub(crate) struct Root {
    /// An absolute path, or a URI without a slash at its end.
    uri: String,
    /// Options of the object store, as Lance names them.
    options: BTreeMap<String, String>,
    pub(in crate::lance) place: Place,
    /// What it is read and written with.
    resources: Resources,
}

/// What kind of place it is.
#[derive(Clone, Debug)]
pub(in crate::lance) enum Place {
    Directory(PathBuf),
    Store {
        store: Arc<dyn ObjectStore>,
        prefix: StorePath,
    },
}

/// A file of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// Path within the graph.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Milliseconds since 1970-01-01T00:00Z.
    pub(crate) modified: i64,
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root")
            .field("uri", &without_secrets(&self.uri))
            .finish_non_exhaustive()
    }
}

impl Root {
    /// The place that `uri` names: a path, or the URI of an object store.
    ///
    /// # Errors
    /// `Unsupported` for an unknown scheme; `InvalidData` for options that the store does not take.
    pub(crate) async fn new(
        uri: &str,
        options: &BTreeMap<String, String>,
        resources: Resources,
    ) -> Result<Self> {
        let options = options.clone();
        if !uri.contains("://") {
            let directory = std::path::absolute(uri)?;
            return Ok(Self {
                uri: directory.to_string_lossy().into_owned(),
                options,
                place: Place::Directory(directory),
                resources,
            });
        }
        let uri = uri.trim_end_matches('/').to_owned();
        let (store, prefix) = LanceStore::from_uri_and_params(
            resources.session().store_registry(),
            &uri,
            &store_parameters(&options),
        )
        .await
        .map_err(|error| {
            from_lance(error)
                .context(&uri)
                .without_values(secrets(&options))
        })?;
        Ok(Self {
            uri,
            options,
            place: Place::Store {
                store: Arc::clone(&store.inner),
                prefix,
            },
            resources,
        })
    }

    /// The same place for work that is charged to `memory`.
    pub(in crate::lance) fn within(&self, memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            resources: self.resources.within(memory),
            ..self.clone()
        }
    }

    /// The same place for work that is charged to the process.
    pub(in crate::lance) fn common(&self) -> Self {
        Self {
            resources: self.resources.common(),
            ..self.clone()
        }
    }

    /// What the graph is read and written with.
    pub(in crate::lance) fn resources(&self) -> &Resources {
        &self.resources
    }

    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    pub(crate) fn options(&self) -> &BTreeMap<String, String> {
        &self.options
    }

    /// The directory of a graph on a local disk.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Directory(directory) => Some(directory),
            Place::Store { .. } => None,
        }
    }

    /// The URI of a dataset, as Lance takes it.
    pub(in crate::lance) fn dataset_uri(&self, path: &str) -> String {
        match &self.place {
            Place::Directory(directory) => directory.join(path).to_string_lossy().into_owned(),
            // A URI is decoded on the way.
            Place::Store { .. } => format!("{}/{}", self.uri, path.replace('%', "%25")),
        }
    }

    /// A builder that opens the dataset at `path`.
    pub(in crate::lance) fn dataset(&self, path: &str) -> DatasetBuilder {
        let session = Arc::clone(self.resources.session());
        let builder = DatasetBuilder::from_uri(self.dataset_uri(path)).with_session(session);
        if self.options.is_empty() {
            builder
        } else {
            builder.with_storage_options(self.options.clone().into_iter().collect())
        }
    }

    /// How files of datasets are written here.
    pub(in crate::lance) fn write_parameters(&self) -> WriteParams {
        WriteParams {
            session: Some(Arc::clone(self.resources.session())),
            skip_auto_cleanup: true,
            store_params: Some(store_parameters(&self.options)),
            ..WriteParams::default()
        }
    }

    pub(in crate::lance) fn store_path(prefix: &StorePath, path: &str) -> Result<StorePath> {
        let whole = [prefix.as_ref(), path].join("/");
        StorePath::parse(whole.trim_matches('/'))
            .map_err(|error| Error::invalid_data(format!("{path}: {error}")))
    }

    /// Writes `path` with put-if-absent: all of it or nothing. False where it exists already.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub(crate) async fn put_new(&self, path: &str, bytes: &[u8]) -> Result<bool> {
        match &self.place {
            Place::Directory(directory) => write_new_file(&directory.join(path), bytes),
            Place::Store { store, prefix } => {
                let options = PutOptions::from(PutMode::Create);
                let payload = bytes.to_vec().into();
                let target = Self::store_path(prefix, path)?;
                let Err(error) = store.put_opts(&target, payload, options).await else {
                    return Ok(true);
                };
                // A put that failed, or was tried again on the way, may have been done: what is there tells.
                match self.read(path).await? {
                    Some(found) => Ok(found == bytes),
                    None => Err(self.store_error(error, path)),
                }
            }
        }
    }

    /// Replaces the content of `path`, all of it or nothing.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub(crate) async fn replace(&self, path: &str, bytes: &[u8]) -> Result<()> {
        match &self.place {
            Place::Directory(directory) => replace_file(&directory.join(path), bytes),
            Place::Store { store, prefix } => {
                let target = Self::store_path(prefix, path)?;
                let put = store.put(&target, bytes.to_vec().into()).await;
                put.map(|_| ())
                    .map_err(|error| self.store_error(error, path))
            }
        }
    }

    /// The content of `path`; `None` where there is none.
    pub(crate) async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match &self.place {
            Place::Directory(directory) => match fs::read(directory.join(path)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == IoErrorKind::NotFound => Ok(None),
                Err(error) if error.kind() == IoErrorKind::NotADirectory => {
                    Err(Error::invalid_data(format!(
                        "{} is a file, not a Grism graph",
                        directory.display()
                    )))
                }
                Err(error) => Err(Error::from(error).context(directory.join(path).display())),
            },
            Place::Store { store, prefix } => {
                match store.get(&Self::store_path(prefix, path)?).await {
                    Ok(found) => {
                        let bytes = found.bytes().await;
                        Ok(Some(
                            bytes.map_err(|error| self.store_error(error, path))?.into(),
                        ))
                    }
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(self.store_error(error, path)),
                }
            }
        }
    }

    /// Whether there is a file at `path`.
    pub(crate) async fn exists(&self, path: &str) -> Result<bool> {
        match &self.place {
            Place::Directory(directory) => Ok(directory.join(path).exists()),
            Place::Store { store, prefix } => {
                match store.head(&Self::store_path(prefix, path)?).await {
                    Ok(_) => Ok(true),
                    Err(object_store::Error::NotFound { .. }) => Ok(false),
                    Err(error) => Err(self.store_error(error, path)),
                }
            }
        }
    }

    /// Every file below `path`, in any order; none where there is no such directory.
    pub(crate) async fn files(&self, path: &str) -> Result<Vec<StoredFile>> {
        match &self.place {
            Place::Directory(directory) => {
                let mut files = Vec::new();
                walk(directory, &directory.join(path), &mut files)
                    .map_err(|error| Error::from(error).context(directory.join(path).display()))?;
                Ok(files)
            }
            Place::Store { store, prefix } => {
                let below = Self::store_path(prefix, path)?;
                let skipped = prefix.as_ref().len();
                store
                    .list(Some(&below))
                    .map_ok(|meta| StoredFile {
                        path: meta.location.as_ref()[skipped..]
                            .trim_start_matches('/')
                            .to_owned(),
                        size: meta.size,
                        modified: meta.last_modified.timestamp_millis(),
                    })
                    .try_collect()
                    .await
                    .map_err(|error| self.store_error(error, path))
            }
        }
    }

    /// Removes the file at `path`; nothing happens where there is none.
    pub(crate) async fn remove(&self, path: &str) -> Result<()> {
        match &self.place {
            Place::Directory(directory) => match fs::remove_file(directory.join(path)) {
                Err(error) if error.kind() != IoErrorKind::NotFound => {
                    Err(Error::from(error).context(directory.join(path).display()))
                }
                _ => Ok(()),
            },
            Place::Store { store, prefix } => {
                match store.delete(&Self::store_path(prefix, path)?).await {
                    Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
                    Err(error) => Err(self.store_error(error, path)),
                }
            }
        }
    }

    /// Syncs the directory of `path` and those above it, up to the one that holds the graph.
    pub(in crate::lance) fn sync_up(&self, path: &str) -> Result<()> {
        let Place::Directory(directory) = &self.place else {
            return Ok(());
        };
        let mut own = directory.join(path);
        loop {
            if own.is_dir() {
                sync_directory(&own).map_err(|error| Error::from(error).context(own.display()))?;
            }
            if own == *directory || !own.pop() {
                break;
            }
        }
        if let Some(above) = directory.parent() {
            // Whoever may write into the graph need not be able to read what is above it.
            let _ = sync_directory(above);
        }
        Ok(())
    }

    /// Notes the directories above `path` that are within the graph, whose names must be synced.
    pub(in crate::lance) fn note_up(&self, path: &str, unsynced: &Unsynced) {
        let Place::Directory(directory) = &self.place else {
            return;
        };
        for above in directory.join(path).ancestors().skip(1) {
            unsynced.add(above.to_path_buf());
            if above == directory {
                break;
            }
        }
    }

    /// Takes the directory `path` for a new dataset; false where it is taken already.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub(in crate::lance) async fn reserve(&self, path: &str) -> Result<bool> {
        match &self.place {
            Place::Directory(directory) => {
                let own = directory.join(path);
                let make = || -> std::io::Result<bool> {
                    if let Some(above) = own.parent() {
                        fs::create_dir_all(above)?;
                    }
                    match fs::create_dir(&own) {
                        Ok(()) => Ok(true),
                        Err(error) if error.kind() == IoErrorKind::AlreadyExists => Ok(false),
                        Err(error) => Err(error),
                    }
                };
                make().map_err(|error| Error::from(error).context(own.display()))
            }
            Place::Store { .. } => Ok(self.files(path).await?.is_empty()),
        }
    }

    pub(in crate::lance) fn store_error(&self, error: object_store::Error, path: &str) -> Error {
        use object_store::Error as Store;
        let kind = match &error {
            Store::NotFound { .. } => ErrorKind::NotFound,
            Store::AlreadyExists { .. } | Store::Precondition { .. } => ErrorKind::Conflict,
            Store::NotSupported { .. } | Store::NotImplemented { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, format!("{}/{path}: {error}", self.uri))
            .with_source(error)
            .without_values(secrets(&self.options))
    }
}

/// The values of options that are credentials.
fn secrets(options: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let secret = options.iter().filter(|(name, _)| is_secret_name(name));
    secret.map(|(_, value)| value.as_str())
}

fn store_parameters(options: &BTreeMap<String, String>) -> ObjectStoreParams {
    let options: HashMap<String, String> = options.clone().into_iter().collect();
    ObjectStoreParams {
        storage_options_accessor: (!options.is_empty())
            .then(|| Arc::new(StorageOptionsAccessor::with_static_options(options))),
        ..ObjectStoreParams::default()
    }
}

fn walk(root: &Path, directory: &Path, files: &mut Vec<StoredFile>) -> std::io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == IoErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(root, &path, files)?;
            continue;
        }
        // A file that went while the directory was read is none.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let within = path.strip_prefix(root).unwrap_or(&path);
        let modified = metadata.modified().ok().and_then(|time| {
            let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
            i64::try_from(since.as_millis()).ok()
        });
        files.push(StoredFile {
            path: within.to_string_lossy().into_owned(),
            size: metadata.len(),
            modified: modified.unwrap_or_default(),
        });
    }
    Ok(())
}
