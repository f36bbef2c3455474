//! Rows that are known when a plan is made: what the clauses before a write have found.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Batches of one schema; as a part of a plan they travel as an Arrow IPC stream.
#[derive(Clone, Debug)]
pub struct Rows(Arc<Vec<RecordBatch>>);

impl Rows {
    /// The rows of `batches`.
    #[must_use]
    pub fn new(batches: Vec<RecordBatch>) -> Self {
        Self(Arc::new(batches))
    }

    /// How many rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.0.iter().map(RecordBatch::num_rows).sum()
    }

    /// The batches.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.0
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
        let empty = Arc::new(Schema::empty());
        let schema = self.0.first().map_or(empty, RecordBatch::schema);
        let mut writer = StreamWriter::try_new(&mut bytes, &schema).map_err(Error::custom)?;
        for batch in self.0.iter() {
            writer.write(batch).map_err(Error::custom)?;
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
