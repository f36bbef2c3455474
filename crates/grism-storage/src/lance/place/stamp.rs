//! Stamps: what tells a file from another one that came to lie at its path.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::time::UNIX_EPOCH;

use grism_core::{Error, Result};
use object_store::ObjectStoreExt;

use crate::lance::place::root::{Place, Root};

/// What a file is known by without reading it. Two files of one path have different stamps, unless somebody made the second
/// one look like the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lance) struct Stamp {
    /// Bytes.
    size: u64,
    /// Nanoseconds since 1970-01-01T00:00Z, as precise as the storage is.
    modified: i128,
    /// The numbers of the device and the file, or what an object store calls this version of the object.
    tag: Tag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    File(u64, u64),
    Object(Option<String>, Option<String>),
}

impl Root {
    /// The stamp of the file at `path`; `None` where there is none.
    ///
    /// # Errors
    /// `Unavailable` where the storage does not answer.
    pub(in crate::lance) async fn stamp(&self, path: &str) -> Result<Option<Stamp>> {
        match &self.place {
            Place::Directory(directory) => match std::fs::metadata(directory.join(path)) {
                Ok(metadata) => Ok(Some(Stamp::of_file(&metadata))),
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    Ok(None)
                }
                Err(error) => Err(Error::from(error).context(directory.join(path).display())),
            },
            Place::Store { store, prefix } => {
                match store.head(&Self::store_path(prefix, path)?).await {
                    Ok(meta) => Ok(Some(Stamp {
                        size: meta.size,
                        modified: i128::from(meta.last_modified.timestamp_micros()) * 1000,
                        tag: Tag::Object(meta.e_tag, meta.version),
                    })),
                    Err(object_store::Error::NotFound { .. }) => Ok(None),
                    Err(error) => Err(self.store_error(error, path)),
                }
            }
        }
    }
}

impl Stamp {
    fn of_file(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            size: metadata.len(),
            modified: since.map_or(0, |since| since.as_nanos().cast_signed()),
            tag: file_tag(metadata),
        }
    }
}

#[cfg(unix)]
fn file_tag(metadata: &Metadata) -> Tag {
    use std::os::unix::fs::MetadataExt;
    Tag::File(metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn file_tag(_: &Metadata) -> Tag {
    Tag::File(0, 0)
}
