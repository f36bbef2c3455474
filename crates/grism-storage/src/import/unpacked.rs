//! The bytes of a file that may be packed.

use std::io::Read;

use super::file_options::Compression;
use super::gzip_members::GzipMembers;

/// The bytes of a file, unpacked.
pub(super) fn unpacked(
    raw: impl Read + Send + 'static,
    compression: Compression,
) -> std::io::Result<Box<dyn Read + Send>> {
    Ok(match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(GzipMembers::new(raw)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
    })
}
