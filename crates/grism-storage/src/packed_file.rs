//! Files that are packed as they are written.

use std::fs::File;
use std::io::{BufWriter, Write};

use grism_core::Result;

use crate::import::Compression;

/// A file that packs what is written to it; it is whole once it is finished.
pub struct PackedFile(Packing);

enum Packing {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<File>),
    Zstd(zstd::stream::write::Encoder<'static, File>),
}

impl PackedFile {
    /// Writes to `file`.
    ///
    /// # Errors
    /// `Unavailable` where the packer cannot begin.
    pub fn new(file: File, compression: Compression) -> Result<Self> {
        Ok(Self(match compression {
            Compression::None => Packing::Plain(BufWriter::with_capacity(1 << 18, file)),
            Compression::Gzip => {
                let level = flate2::Compression::default();
                Packing::Gzip(flate2::write::GzEncoder::new(file, level))
            }
            Compression::Zstd => Packing::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
        }))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(self) -> std::io::Result<()> {
        match self.0 {
            Packing::Plain(mut file) => file.flush(),
            Packing::Gzip(file) => file.finish().map(|_| ()),
            Packing::Zstd(file) => file.finish().map(|_| ()),
        }
    }
}

impl Write for PackedFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.0 {
            Packing::Plain(file) => file.write(bytes),
            Packing::Gzip(file) => file.write(bytes),
            Packing::Zstd(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.0 {
            Packing::Plain(file) => file.flush(),
            Packing::Gzip(file) => file.flush(),
            Packing::Zstd(file) => file.flush(),
        }
    }
}
