//! `ListedFile`: a file as it is found, before it is read.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use grism_core::{Error, LoadedFile, Result};

use crate::import::file_options::ImportOptions;
use crate::import::files::{local_files, remote_objects};
use crate::location::Location;

/// A file that may be loaded.
#[derive(Clone, Debug)]
pub(super) struct ListedFile {
    /// What the graph knows it by: its path without links, or its URI.
    pub(super) name: String,
    /// Where it is on this machine; `None` for an object.
    path: Option<PathBuf>,
    pub(super) bytes: u64,
    /// See [`LoadedFile::version`].
    pub(super) version: String,
}

impl ListedFile {
    /// The files that `paths` stand for, in order.
    ///
    /// # Errors
    /// `NotFound` for a path or pattern without a file; `Unsupported` for a directory.
    pub(super) async fn all(paths: &[String], options: &ImportOptions) -> Result<Vec<Self>> {
        let mut files = Vec::new();
        for path in paths {
            match Location::of(path)? {
                Location::Local(local) => {
                    let mut found = Vec::new();
                    local_files(path, &local, options, &mut found)?;
                    for file in found {
                        files.push(Self::local(file.path)?);
                    }
                }
                Location::Remote(uri) => {
                    for (name, object) in remote_objects(uri, options).await? {
                        let modified = object.last_modified.timestamp_micros();
                        let version = object.e_tag.unwrap_or_else(|| modified.to_string());
                        files.push(Self {
                            name,
                            path: None,
                            bytes: object.size,
                            version,
                        });
                    }
                }
            }
        }
        Ok(files)
    }

    fn local(path: PathBuf) -> Result<Self> {
        let failed = |error: std::io::Error| Error::from(error).context(path.display());
        let whole = path.canonicalize().map_err(failed)?;
        let metadata = whole.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::unsupported(format!(
                "{} is a directory: an incremental load knows files, or rows by a growing column",
                path.display()
            )));
        }
        let name = whole.to_string_lossy().into_owned();
        Ok(Self {
            name,
            path: Some(whole),
            bytes: metadata.len(),
            version: version_of(&metadata),
        })
    }

    /// The file as it is now.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn again(&self) -> Result<Self> {
        match &self.path {
            Some(path) => Self::local(path.clone()),
            None => Ok(self.clone()),
        }
    }

    /// Whether it is as it was when it was taken, as far as can be told without reading it.
    pub(super) fn is_as(&self, taken: &LoadedFile) -> bool {
        self.bytes == taken.bytes && self.version == taken.version
    }

    /// What the graph keeps of it. It is read; of an object, which has a version by its content, the hash is empty.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) async fn taken(&self) -> Result<LoadedFile> {
        let hash = match self.path.clone() {
            None => String::new(),
            Some(path) => {
                let hash = tokio::task::spawn_blocking(move || hash_of(&path)).await;
                hash.map_err(|error| Error::internal(error.to_string()))??
            }
        };
        Ok(LoadedFile {
            bytes: self.bytes,
            version: self.version.clone(),
            hash,
        })
    }
}

fn version_of(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos()).to_string()
}

fn hash_of(path: &PathBuf) -> Result<String> {
    let failed = |error: std::io::Error| Error::from(error).context(path.display());
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut piece).map_err(failed)?;
        if length == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(&piece[..length]);
    }
}
