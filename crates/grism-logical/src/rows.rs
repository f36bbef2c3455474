//! Rows that are known when a plan is made: what the clauses before a write have found.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use grism_core::{AppendedRows, batches_of};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Batches of one schema, in memory or in temporary files; as a part of a plan they travel as an Arrow IPC stream.
#[derive(Clone, Debug)]
pub struct Rows(Arc<Vec<AppendedRows>>);

impl Rows {
    /// The rows of `batches`.
    #[must_use]
    pub fn new(batches: Vec<RecordBatch>) -> Self {
        Self::of(batches.into_iter().map(AppendedRows::Batch).collect())
    }

    /// The rows of `pieces`, in order.
    #[must_use]
    pub fn of(pieces: Vec<AppendedRows>) -> Self {
        Self(Arc::new(pieces))
    }

    /// How many rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        let rows: u64 = self.0.iter().map(AppendedRows::rows).sum();
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// The batches, always in the same order.
    pub fn batches(&self) -> impl Iterator<Item = grism_core::Result<RecordBatch>> + Send + use<> {
        batches_of(self.0.to_vec())
    }
}

impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut bytes = Vec::new();
        let mut batches = self.batches().peekable();
        let schema = match batches.peek() {
            Some(Ok(first)) => first.schema(),
            _ => Arc::new(Schema::empty()),
        };
        let mut writer = StreamWriter::try_new(&mut bytes, &schema).map_err(Error::custom)?;
        for batch in batches {
            let batch = batch.map_err(Error::custom)?;
            writer.write(&batch).map_err(Error::custom)?;
        }
        writer.finish().map_err(Error::custom)?;
        drop(writer);
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let bytes = deserializer.deserialize_byte_buf(Bytes)?;
        let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(Error::custom)?;
        let batches = reader
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::custom)?;
        Ok(Self::new(batches))
    }
}

/// Bytes, in formats that have them and in those that write a list of numbers.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::with_capacity(numbers.size_hint().unwrap_or(0).min(1 << 20));
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
