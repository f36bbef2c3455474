//! Bundles: what a task puts out, as bytes that a reader maps and reads without a copy.
//!
//! ```text
//! "GRISMBND" | partitions: u64 | (offset: u64, length: u64) for each | padding | Arrow IPC stream | padding | …
//! ```
//!
//! Numbers are little-endian. Every stream starts at a multiple of 64 bytes, and so does every buffer within it, so
//! that a bundle which lies at such an address is read where it lies. Empty partitions keep their schema.

use arrow::array::RecordBatch;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::{DataType, Schema};
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::ipc::{MetadataVersion, writer};
use grism_core::{Error, Result};

use crate::{slot_count, slot_of};

const MAGIC: &[u8; 8] = b"GRISMBND";
const ALIGNMENT: usize = 64;

/// Levels of lists and maps that readers of Arrow's format follow.
const MAX_LEVELS: usize = 60;

/// Writes partitions into one bundle for each slot.
///
/// # Errors
/// `Unsupported` for values that nest deeper than readers follow; those of Arrow's writer.
pub fn write_bundles(
    schema: &Schema,
    partitions: &[Vec<RecordBatch>],
    workers: usize,
) -> Result<Vec<Buffer>> {
    let mut fields = schema.fields().iter();
    if let Some(deep) = fields.find(|field| levels(field.data_type()) > MAX_LEVELS) {
        return Err(Error::unsupported(format!(
            "values that nest deeper than {MAX_LEVELS} levels in a query that runs in stages, as those of `{}` do; run it \
             with the local engine",
            deep.name()
        )));
    }
    let slots = slot_count(partitions.len(), workers);
    (0..slots)
        .map(|slot| {
            let own = (0..partitions.len())
                .filter(|partition| slot_of(*partition, partitions.len(), slots) == slot);
            write_bundle(
                schema,
                &own.map(|partition| partitions[partition].as_slice())
                    .collect::<Vec<_>>(),
            )
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

fn write_bundle(schema: &Schema, partitions: &[&[RecordBatch]]) -> Result<Buffer> {
    let mut streams = Vec::with_capacity(partitions.len());
    for batches in partitions {
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
        let mut bytes = Vec::new();
        let mut stream: writer::StreamWriter<&mut Vec<u8>> =
            StreamWriter::try_new_with_options(&mut bytes, schema, options)?;
        for batch in *batches {
            stream.write(batch)?;
        }
        stream.finish()?;
        drop(stream);
        streams.push(bytes);
    }
    let header = MAGIC.len() + 8 + 16 * streams.len();
    let mut offset = header.next_multiple_of(ALIGNMENT);
    let total = offset
        + streams
            .iter()
            .map(|stream| stream.len().next_multiple_of(ALIGNMENT))
            .sum::<usize>();
    let mut bundle = MutableBuffer::with_capacity(total);
    bundle.extend_from_slice(MAGIC);
    bundle.extend_from_slice(&(streams.len() as u64).to_le_bytes());
    for stream in &streams {
        bundle.extend_from_slice(&(offset as u64).to_le_bytes());
        bundle.extend_from_slice(&(stream.len() as u64).to_le_bytes());
        offset += stream.len().next_multiple_of(ALIGNMENT);
    }
    for stream in &streams {
        bundle.resize(bundle.len().next_multiple_of(ALIGNMENT), 0);
        bundle.extend_from_slice(stream);
    }
    bundle.resize(total, 0);
    Ok(bundle.into())
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
