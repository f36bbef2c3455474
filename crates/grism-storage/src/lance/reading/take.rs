//! Columns of the rows of a table by their offsets: in chunks that are kept, or row by row where a column is too large.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, UInt64Type};
use grism_core::{Error, Meter, Result, TableId};
use lance::dataset::{ProjectionRequest, TakeBuilder};
use lance_core::ROW_ID;

use crate::columns::column_type;
use crate::lance::place::error::from_lance;
use crate::lance::reading::cache::{CacheKey, Cached};
use crate::lance::reading::snapshot::LanceSnapshot;
use crate::lance::rows::dataset::read_range;
use crate::lance::rows::physical::{merged_column, physical_columns};
use crate::lance::rows::plain_rows::plain_addresses;

/// Rows of a column that are read, and kept, together.
pub(super) const CHUNK_ROWS: u64 = 1 << 16;
/// Rows of a chunk that must be wanted for the chunk to be read where the whole column is too large to be kept.
const WORTHWHILE: usize = 256;

impl LanceSnapshot {
    /// The chunk of a column that starts at `chunk * CHUNK_ROWS`, one row for each offset, from the cache or the disk.
    pub(super) async fn column_chunk(
        &self,
        table: TableId,
        column: &str,
        chunk: u64,
    ) -> Result<ArrayRef> {
        let version = self.entry.tables.get(&table).cloned();
        let version = version
            .ok_or_else(|| Error::internal(format!("there is no dataset of table {table}")))?;
        let key = CacheKey {
            graph: Arc::clone(&self.graph.name),
            dataset: version,
            column: column.to_owned(),
            members: None,
            chunk,
        };
        let load = async {
            self.read_chunk(table, column, chunk)
                .await
                .map(Cached::Column)
        };
        match self.cache().get_or_load(&key, load).await? {
            Cached::Column(column) => Ok(column),
            _ => Err(Error::internal("a column was cached as something else")),
        }
    }

    async fn read_chunk(&self, table: TableId, column: &str, chunk: u64) -> Result<ArrayRef> {
        let dataset = self.dataset(table)?;
        let next = self
            .statistics
            .tables
            .get(&table)
            .map_or(0, |statistics| statistics.next_offset);
        let (start, end) = (
            (chunk * CHUNK_ROWS).min(next),
            ((chunk + 1) * CHUNK_ROWS).min(next),
        );
        let entry = self.schema.table(table)?;
        let columns = physical_columns(dataset, entry, column);
        let data_type = column_type(entry, column).ok_or_else(|| {
            Error::internal(format!("the table {table} has no column `{column}`"))
        })?;
        if self.open_table(table)?.is_plain {
            let mut pieces = Vec::new();
            read_range(dataset, &columns, start..end, self.shares(), |rows| {
                pieces.extend(merged_column(&rows, &columns, &data_type)?);
                Ok(())
            })
            .await?;
            return match &pieces[..] {
                [] => Ok(new_null_array(&data_type, 0)),
                [only] => Ok(Arc::clone(only)),
                pieces => {
                    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
                    Ok(arrow::compute::concat(&pieces)?)
                }
            };
        }
        let ids: Vec<u64> = (start..end).collect();
        self.read_offsets(table, &columns, &data_type, &ids).await
    }

    /// A property or role of the rows at `ids`, which ascend: one value for each, null for a row that is gone.
    async fn read_offsets(
        &self,
        table: TableId,
        columns: &[String],
        data_type: &DataType,
        ids: &[u64],
    ) -> Result<ArrayRef> {
        let open = self.open_table(table)?;
        let dataset = &open.dataset;
        let wanted = columns.iter().map(String::as_str).chain([ROW_ID]);
        let projection = ProjectionRequest::from_columns(wanted, dataset.schema());
        let rows = if open.is_plain {
            // Lance would make an index of all row ids to find out where they are.
            let plan = projection
                .into_projection_plan(Arc::clone(dataset))
                .map_err(from_lance)?;
            let rows = plain_addresses(dataset, ids)?;
            let take =
                TakeBuilder::try_new_from_addresses(Arc::clone(dataset), rows, Arc::new(plan));
            take.map_err(from_lance)?.execute().await
        } else {
            dataset.take_rows(ids, projection).await
        };
        let rows = rows.map_err(from_lance)?;
        if let Some(meter) = Meter::active() {
            // Lance does not say what it read for them.
            meter.read(rows.get_array_memory_size() as u64);
        }
        let values = merged_column(&rows, columns, data_type)?
            .ok_or_else(|| Error::internal(format!("Lance did not return {columns:?}")))?;
        if rows.num_rows() == ids.len() {
            return Ok(values);
        }
        // Rows that are gone leave nulls, so that offsets stay positions.
        let found = rows
            .column_by_name(ROW_ID)
            .and_then(|column| column.as_primitive_opt::<UInt64Type>());
        let found = found.ok_or_else(|| Error::internal("Lance did not return row ids"))?;
        let mut places: Vec<Option<u32>> = vec![None; ids.len()];
        for (place, id) in found.values().iter().enumerate() {
            if let Ok(at) = ids.binary_search(id) {
                places[at] = Some(place as u32);
            }
        }
        Ok(take(&values, &UInt32Array::from(places), None)?)
    }

    /// Whether rows of a column are read one by one: the column is too large to be kept, and few of each chunk are
    /// wanted.
    fn is_scattered(&self, table: TableId, data_type: &DataType, offsets: &[u64]) -> bool {
        let width = data_type.primitive_width().unwrap_or(32) as u64;
        let rows = self.statistics.tables.get(&table);
        let bytes = rows.map_or(0, |rows| rows.next_offset * width);
        if bytes <= self.cache().capacity() as u64 / 2 {
            return false;
        }
        let chunks: HashSet<u64> = offsets.iter().map(|offset| offset / CHUNK_ROWS).collect();
        offsets.len() < chunks.len() * WORTHWHILE
    }

    /// The values at `offsets`, in any order and perhaps repeated, without keeping what is read.
    async fn take_scattered(
        &self,
        table: TableId,
        column: &str,
        data_type: &DataType,
        offsets: &[u64],
    ) -> Result<ArrayRef> {
        let mut ids = offsets.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let entry = self.schema.table(table)?;
        let columns = physical_columns(self.dataset(table)?, entry, column);
        let values = self.read_offsets(table, &columns, data_type, &ids).await?;
        let places = offsets.iter().map(|offset| {
            let place = ids.binary_search(offset);
            place.unwrap_or_default() as u32
        });
        Ok(take(&values, &UInt32Array::from_iter_values(places), None)?)
    }

    pub(in crate::lance) async fn take_column(
        &self,
        table: TableId,
        column: &str,
        offsets: &[u64],
    ) -> Result<ArrayRef> {
        let entry = self.schema.table(table)?;
        let data_type = column_type(entry, column).ok_or_else(|| {
            Error::internal(format!("the table {table} has no column `{column}`"))
        })?;
        // A table that never had a row has no dataset.
        let open = self.tables.get(&table);
        let has_column =
            open.is_some_and(|open| !physical_columns(&open.dataset, entry, column).is_empty());
        if offsets.is_empty() || !has_column {
            return Ok(new_null_array(&data_type, offsets.len()));
        }
        if self.is_scattered(table, &data_type, offsets) {
            return self
                .take_scattered(table, column, &data_type, offsets)
                .await;
        }
        let mut pieces: Vec<ArrayRef> = Vec::new();
        let mut known: HashMap<u64, usize> = HashMap::new();
        let mut places = Vec::with_capacity(offsets.len());
        let mut last = (u64::MAX, 0);
        for offset in offsets {
            let chunk = offset / CHUNK_ROWS;
            if last.0 != chunk {
                let piece = match known.get(&chunk) {
                    Some(piece) => *piece,
                    None => {
                        pieces.push(self.column_chunk(table, column, chunk).await?);
                        known.insert(chunk, pieces.len() - 1);
                        pieces.len() - 1
                    }
                };
                last = (chunk, piece);
            }
            let row = (offset % CHUNK_ROWS) as usize;
            if row >= pieces[last.1].len() {
                return Err(Error::internal(format!(
                    "the table {table} has no row {offset}"
                )));
            }
            places.push((last.1, row));
        }
        let values = match &pieces[..] {
            [only] => take(
                only,
                &UInt32Array::from_iter_values(places.iter().map(|(_, row)| *row as u32)),
                None,
            )?,
            _ => interleave(
                &pieces
                    .iter()
                    .map(AsRef::as_ref)
                    .collect::<Vec<&dyn Array>>(),
                &places,
            )?,
        };
        if values.data_type() == &data_type {
            Ok(values)
        } else {
            grism_core::widen_column(&values, &data_type)
        }
    }
}
