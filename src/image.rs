//! An in-memory graph on its way to other processes.

use grism_core::{Error, ErrorKind, Result, SnapshotId, Storage};

/// The largest in-memory graph that is shipped to workers, in bytes; a larger one belongs on disk.
pub const MAX_IMAGE_BYTES: usize = 1 << 30;

/// How workers get at a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// They open it where it lies.
    Open,
    /// They read these bytes.
    Bytes(Vec<u8>),
}

impl ImageSource {
    /// How workers get at the snapshot `id` of `storage`.
    ///
    /// # Errors
    /// `ResourceExhausted` for an in-memory graph past [`MAX_IMAGE_BYTES`].
    pub fn of(storage: &dyn Storage, id: SnapshotId) -> Result<Self> {
        match storage.image(id) {
            None => Ok(Self::Open),
            Some(image) => {
                let image = image?;
                if image.len() > MAX_IMAGE_BYTES {
                    return Err(Error::new(
                        ErrorKind::ResourceExhausted,
                        format!(
                            "the in-memory graph has {} bytes, and at most {MAX_IMAGE_BYTES} are shipped to workers; \
                             keep it on disk",
                            image.len()
                        ),
                    ));
                }
                Ok(Self::Bytes(image))
            }
        }
    }
}
