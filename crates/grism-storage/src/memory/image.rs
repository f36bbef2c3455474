//! An in-memory snapshot as bytes: how it reaches workers in other processes.
//!
//! Layout: the length of the header as a little-endian `u64`; the header, which is JSON; then one Arrow IPC stream
//! for each table, in the header's order. Incidences are not part of it: the reader makes them from the roles.

use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use grism_core::{ChangeSet, Error, GraphSchema, MemoryManager, Result, SnapshotId, TableId};
use serde::{Deserialize, Serialize};

use super::snapshot::MemorySnapshot;
use crate::columns::{column_or_null, named_batch, table_fields};

#[derive(Serialize, Deserialize)]
struct Header {
    id: SnapshotId,
    commit: String,
    schema: GraphSchema,
    segment_shift: u8,
    fragment_rows: usize,
    tables: Vec<(TableId, usize)>,
    /// Offsets of rows that are gone, by table.
    deleted: Vec<(TableId, Vec<u64>)>,
}

impl MemorySnapshot {
    pub(super) fn to_image(&self) -> Result<Vec<u8>> {
        let mut streams = Vec::new();
        let mut tables = Vec::new();
        for (id, chunks) in self.tables.iter() {
            let fields = table_fields(self.schema.table(*id)?);
            let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
            let mut bytes = Vec::new();
            let mut writer = StreamWriter::try_new(&mut bytes, &Schema::new(fields.clone()))?;
            for batch in &chunks.batches {
                let columns = fields
                    .iter()
                    .map(|field| column_or_null(batch, field.name(), field.data_type()))
                    .collect::<Result<Vec<_>>>()?;
                writer.write(&named_batch(&names, columns, batch.num_rows())?)?;
            }
            writer.finish()?;
            drop(writer);
            tables.push((*id, bytes.len()));
            streams.push(bytes);
        }
        let header = Header {
            id: self.id,
            commit: self.commit.clone(),
            schema: (*self.schema).clone(),
            segment_shift: self.segment_shift,
            fragment_rows: self.fragment_rows,
            tables,
            deleted: self
                .tables
                .iter()
                .filter(|(_, chunks)| !chunks.deleted.is_empty())
                .map(|(id, chunks)| (*id, chunks.deleted.iter().copied().collect()))
                .collect(),
        };
        let header =
            serde_json::to_vec(&header).map_err(|error| Error::internal(error.to_string()))?;
        let mut image = (header.len() as u64).to_le_bytes().to_vec();
        image.extend(header);
        streams.iter().for_each(|stream| image.extend(stream));
        Ok(image)
    }

    pub(super) fn from_image(image: &[u8], memory: Arc<dyn MemoryManager>) -> Result<Self> {
        let broken = || Error::invalid_data("the image of an in-memory graph is broken");
        let (length, rest) = image.split_first_chunk::<8>().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| broken())?;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        let header: Header = serde_json::from_slice(header).map_err(|_| broken())?;
        let mut base = Self::empty(header.segment_shift, header.fragment_rows, memory);
        base.id = header.id;
        base.commit = header.commit;
        let mut changes = ChangeSet::new(&base, header.schema);
        for (table, length) in &header.tables {
            let (stream, next) = rest.split_at_checked(*length).ok_or_else(broken)?;
            rest = next;
            let batches =
                StreamReader::try_new(Cursor::new(stream), None)?.collect::<Result<Vec<_>, _>>()?;
            for batch in batches {
                changes.append(*table, batch);
            }
        }
        let deleted = header.deleted.into_iter();
        changes.deletes = deleted
            .map(|(table, offsets)| (table, offsets.into_iter().collect()))
            .collect();
        base.with_changes(&changes)
    }
}
