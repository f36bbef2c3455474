//! Scans of tables whose columns fit the cache: chunk by chunk, what the condition compares first.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt};
use grism_core::{BatchStream, Error, Result, ScanPiece, ScanRequest, TableId, widen_column};

use crate::columns::{column_type, named_batch};
use crate::lance::reading::snapshot::LanceSnapshot;
use crate::lance::reading::take::CHUNK_ROWS;
use crate::lance::rows::physical::physical_columns;
use crate::selection::Piece;

/// The part of the cache that the columns of one scan may take.
const SCAN_SHARE: u64 = 4;
/// Bytes that a value without a fixed width is taken to have, at least.
const VARIABLE_WIDTH: u64 = 32;
/// How many times larger values are in memory than in a file, where they are compressed well.
const UNPACKED: u64 = 4;

impl LanceSnapshot {
    /// The offsets that a scan goes over, where it is to read through the cache: rows stand at their offsets, and the columns of
    /// the whole table fit. Otherwise `None`: Lance reads ahead, and nothing is kept.
    pub(super) fn kept_rows(&self, request: &ScanRequest) -> Result<Option<Range<u64>>> {
        let open = self.open_table(request.range.table)?;
        let ScanPiece::Fragment(wanted) = request.range.piece else {
            return Ok(None);
        };
        if !open.is_plain {
            return Ok(None);
        }
        let mut bytes = 0;
        for column in wanted_columns(request) {
            bytes += self.kept_bytes(request.range.table, column)?;
        }
        if bytes > self.cache().capacity() as u64 / SCAN_SHARE {
            return Ok(None);
        }
        let mut first = 0;
        for fragment in open.dataset.fragments().iter() {
            let rows = fragment.physical_rows.unwrap_or_default() as u64;
            if fragment.id == wanted {
                return Ok(Some(first..first + rows));
            }
            first += rows;
        }
        Ok(None)
    }

    /// About how many bytes a column of a table takes in the cache.
    fn kept_bytes(&self, table: TableId, column: &str) -> Result<u64> {
        let data_type = self.data_type(table, column)?;
        let fragments = self.dataset(table)?.fragments();
        let rows: u64 = fragments
            .iter()
            .map(|own| own.physical_rows.unwrap_or_default() as u64)
            .sum();
        if let Some(width) = data_type.primitive_width() {
            return Ok(rows * width as u64);
        }
        // It may be the one that makes the files large.
        let files = fragments.iter().flat_map(|own| &own.files);
        let bytes: u64 = files
            .map(|own| own.file_size_bytes.get().map_or(0, u64::from))
            .sum();
        Ok((rows * VARIABLE_WIDTH).max(bytes.saturating_mul(UNPACKED)))
    }

    fn data_type(&self, table: TableId, column: &str) -> Result<DataType> {
        let entry = self.schema.table(table)?;
        column_type(entry, column)
            .ok_or_else(|| Error::internal(format!("the table {table} has no column `{column}`")))
    }

    /// The rows at the offsets `rows` that pass the condition of `request`, which [`Self::kept_rows`] has accepted.
    pub(super) fn kept_scan(&self, request: ScanRequest, rows: Range<u64>) -> BatchStream {
        let chunks = rows.start / CHUNK_ROWS..rows.end.div_ceil(CHUNK_ROWS);
        let (snapshot, request) = (self.clone(), Arc::new(request));
        let read = chunks.map(move |chunk| {
            let (snapshot, request) = (snapshot.clone(), Arc::clone(&request));
            let own = rows.start.max(chunk * CHUNK_ROWS)..rows.end.min((chunk + 1) * CHUNK_ROWS);
            async move { snapshot.kept_chunk(&request, chunk, own).await }
        });
        futures::stream::iter(read)
            .buffered(2)
            .map_ok(|batches| futures::stream::iter(batches.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    /// The rows at the offsets `rows` of one chunk, in batches of at most the rows that the request wants.
    async fn kept_chunk(
        &self,
        request: &ScanRequest,
        chunk: u64,
        rows: Range<u64>,
    ) -> Result<Vec<RecordBatch>> {
        let table = self.schema.table(request.range.table)?;
        let compared: Vec<String> = distinct(request.predicate.iter().map(|own| &own.column));
        let columns = self.kept_columns(table.id, &compared, chunk, &rows).await?;
        let count = usize::try_from(rows.end - rows.start)
            .map_err(|_| Error::internal("a chunk of too many rows"))?;
        let piece = Piece {
            table,
            first: rows.start,
            rows: count,
        };
        let compared = named_batch(&compared, columns, count)?;
        let selection = piece.select(&request.predicate, &compared, &self.lookups)?;
        if selection.is_empty() {
            return Ok(Vec::new());
        }
        let columns = self
            .kept_columns(table.id, &request.columns, chunk, &rows)
            .await?;
        piece.batches(request, columns, &selection)
    }

    /// The values of columns at the offsets `rows`, which lie in one chunk.
    async fn kept_columns(
        &self,
        table: TableId,
        columns: &[String],
        chunk: u64,
        rows: &Range<u64>,
    ) -> Result<Vec<ArrayRef>> {
        let first = (rows.start - chunk * CHUNK_ROWS) as usize;
        let count = (rows.end - rows.start) as usize;
        let read = columns.iter().map(|column| async move {
            let data_type = self.data_type(table, column)?;
            let entry = self.schema.table(table)?;
            if physical_columns(self.dataset(table)?, entry, column).is_empty() {
                return Ok(arrow::array::new_null_array(&data_type, count));
            }
            let whole = self.column_chunk(table, column, chunk).await?;
            if first + count > whole.len() {
                return Err(Error::internal(format!(
                    "the table {table} has no row {}",
                    rows.end - 1
                )));
            }
            let values = whole.slice(first, count);
            if values.data_type() == &data_type {
                Ok(values)
            } else {
                widen_column(&values, &data_type)
            }
        });
        try_join_all(read).await
    }
}

/// The columns that a scan outputs or compares, each once.
fn wanted_columns(request: &ScanRequest) -> HashSet<&String> {
    let compared = request.predicate.iter().map(|own| &own.column);
    request.columns.iter().chain(compared).collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known = HashSet::new();
    names.filter(|name| known.insert(*name)).cloned().collect()
}
