//! Bundles: what a task puts out, as bytes that a reader maps and reads without a copy.
//!
//! ```text
//! "GRISMBND" | partitions: u64 | (offset: u64, length: u64) for each | padding | Arrow IPC stream | padding | …
//! ```
//!
//! Numbers are little-endian. Every stream starts at a multiple of 64 bytes, and so does every buffer within it, so
//! that a bundle which lies at such an address is read where it lies. Empty partitions keep their schema.

use std::{io, mem};

use arrow::array::RecordBatch;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::{DataType, Schema};
use arrow::ipc::MetadataVersion;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use grism_core::{CancellationHandle, Error, Result, batch_bytes};

use crate::{slot_count, slot_of};

const MAGIC: &[u8; 8] = b"GRISMBND";
const ALIGNMENT: usize = 64;

/// Levels of lists and maps that readers of Arrow's format follow.
const MAX_LEVELS: usize = 60;

/// Writes partitions into one bundle for each slot. A partition's batches are dropped once they are written.
///
/// # Errors
/// `Unsupported` for values that nest deeper than readers follow; `Cancelled`; those of Arrow's writer.
pub fn write_bundles(
    schema: &Schema,
    mut partitions: Vec<Vec<RecordBatch>>,
    workers: usize,
    cancellation: &CancellationHandle,
) -> Result<Vec<Buffer>> {
    let mut fields = schema.fields().iter();
    if let Some(deep) = fields.find(|field| levels(field.data_type()) > MAX_LEVELS) {
        return Err(Error::unsupported(format!(
            "values that nest deeper than {MAX_LEVELS} levels in a query that runs in stages, as those of `{}` do; run it \
             with the local engine",
            deep.name()
        )));
    }
    let count = partitions.len();
    let slots = slot_count(count, workers);
    (0..slots)
        .map(|slot| {
            let own = (0..count)
                .filter(|partition| slot_of(*partition, count, slots) == slot)
                .map(|partition| mem::take(&mut partitions[partition]))
                .collect();
            write_bundle(schema, own, cancellation)
        })
        .collect()
}

/// How deeply values of a type nest.
fn levels(data_type: &DataType) -> usize {
    let inner: usize = match data_type {
        DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => {
            levels(field.data_type())
        }
        DataType::Struct(fields) => {
            let inner = fields.iter().map(|field| levels(field.data_type()));
            inner.max().unwrap_or_default()
        }
        DataType::Dictionary(_, values) => return levels(values),
        _ => return 0,
    };
    inner + 1
}

fn write_bundle(
    schema: &Schema,
    partitions: Vec<Vec<RecordBatch>>,
    cancellation: &CancellationHandle,
) -> Result<Buffer> {
    let header = (MAGIC.len() + 8 + 16 * partitions.len()).next_multiple_of(ALIGNMENT);
    let rows: usize = partitions.iter().flatten().map(batch_bytes).sum();
    let mut bundle = BundleWriter(MutableBuffer::with_capacity(header + rows));
    let mut entries = Vec::with_capacity(partitions.len());
    bundle.0.resize(header, 0);
    for batches in partitions {
        let offset = bundle.0.len();
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let mut stream = StreamWriter::try_new_with_options(&mut bundle, schema, options)?;
        for batch in batches {
            cancellation.check()?;
            stream.write(&batch)?;
        }
        stream.finish()?;
        drop(stream);
        entries.push((offset, bundle.0.len() - offset));
        bundle
            .0
            .resize(bundle.0.len().next_multiple_of(ALIGNMENT), 0);
    }
    let numbers = entries
        .iter()
        .flat_map(|(offset, length)| [*offset, *length]);
    let words = std::iter::once(entries.len()).chain(numbers);
    bundle.0[..MAGIC.len()].copy_from_slice(MAGIC);
    for (place, word) in bundle.0[MAGIC.len()..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&(word as u64).to_le_bytes());
    }
    Ok(bundle.0.into())
}

/// What Arrow's writer appends to.
struct BundleWriter(MutableBuffer);

impl io::Write for BundleWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken() -> Error {
    Error::unavailable("a bundle of task output is broken")
}

fn number(bytes: &[u8], at: usize) -> Result<usize> {
    let bytes = bytes
        .get(at..at + 8)
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
        .ok_or_else(broken)?;
    usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| broken())
}

/// How many partitions a bundle holds.
///
/// # Errors
/// `Unavailable` for bytes that are no bundle.
pub fn bundle_partitions(bundle: &Buffer) -> Result<usize> {
    if bundle.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(broken());
    }
    number(bundle, MAGIC.len())
}

/// Reads the `index`-th partition of a bundle. The batches refer to the bundle's own memory.
///
/// # Errors
/// `Unavailable` for bytes that are no bundle, or have no such partition.
pub fn read_partition(bundle: &Buffer, index: usize) -> Result<Vec<RecordBatch>> {
    if index >= bundle_partitions(bundle)? {
        return Err(broken());
    }
    let entry = MAGIC.len() + 8 + 16 * index;
    let (offset, length) = (number(bundle, entry)?, number(bundle, entry + 8)?);
    if offset
        .checked_add(length)
        .is_none_or(|end| end > bundle.len())
    {
        return Err(broken());
    }
    let mut stream = bundle.slice_with_length(offset, length);
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while !stream.is_empty() {
        if let Some(batch) = decoder.decode(&mut stream)? {
            batches.push(batch);
        }
    }
    Ok(batches)
}
