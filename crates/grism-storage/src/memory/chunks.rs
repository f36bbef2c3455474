//! The rows of a table in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::compute::interleave;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, ID_COLUMN, Result, Table, widen_column};

use crate::collector::has_value;
use crate::columns::{column_or_null, column_type, named_batch, row_offsets};

/// The rows of a table, in the order of their offsets.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    pub(super) batches: Vec<RecordBatch>,
    /// The offset of the first row of each batch, and behind the last one the offset of the next row.
    pub(super) starts: Vec<u64>,
    /// Offsets of rows that are gone.
    pub(super) deleted: Arc<BTreeSet<u64>>,
}

impl Chunks {
    pub(super) fn push(&mut self, batch: RecordBatch) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let next = self.rows() + batch.num_rows() as u64;
        self.starts.push(next);
        self.batches.push(batch);
    }

    /// Puts the columns of `changes` in place of the rows' own.
    pub(super) fn update(&mut self, changes: &RecordBatch, table: &Table) -> Result<()> {
        let offsets = row_offsets(changes)?;
        let mut by_chunk: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (row, offset) in offsets.iter().enumerate() {
            let (chunk, place) = self.place(*offset).ok_or_else(|| {
                Error::internal(format!("the table {} has no row {offset}", table.id))
            })?;
            by_chunk.entry(chunk).or_default().push((place, row));
        }
        for (chunk, rows) in by_chunk {
            let batch = &self.batches[chunk];
            let mut names: Vec<String> = batch
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            let mut columns = batch.columns().to_vec();
            for (field, column) in changes.schema().fields().iter().zip(changes.columns()) {
                if field.name() == ID_COLUMN {
                    continue;
                }
                let data_type = column_type(table, field.name())
                    .ok_or_else(|| Error::internal("an update of an unknown column"))?;
                let old = column_or_null(batch, field.name(), &data_type)?;
                let new = if column.data_type() == &data_type {
                    Arc::clone(column)
                } else {
                    widen_column(column, &data_type)?
                };
                let mut sources: Vec<(usize, usize)> =
                    (0..batch.num_rows()).map(|row| (0, row)).collect();
                for (place, row) in &rows {
                    sources[*place] = (1, *row);
                }
                let updated = interleave(&[old.as_ref(), new.as_ref()], &sources)?;
                match names.iter().position(|name| name == field.name()) {
                    Some(place) => columns[place] = updated,
                    None => {
                        names.push(field.name().clone());
                        columns.push(updated);
                    }
                }
            }
            self.batches[chunk] = named_batch(&names, columns, batch.num_rows())?;
        }
        Ok(())
    }

    pub(super) fn rows(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// How many of the rows at `offsets` have a value in `column`.
    pub(super) fn count_values(&self, offsets: &[u64], column: &str) -> u64 {
        let places = offsets.iter().filter_map(|offset| self.place(*offset));
        let having =
            places.filter(|(chunk, row)| has_value(&self.batches[*chunk], &[column], *row));
        having.count() as u64
    }

    /// The batch that holds `offset`, and the row within it.
    pub(super) fn place(&self, offset: u64) -> Option<(usize, usize)> {
        let chunk = self
            .starts
            .partition_point(|start| *start <= offset)
            .checked_sub(1)?;
        (chunk < self.batches.len()).then(|| (chunk, (offset - self.starts[chunk]) as usize))
    }
}

/// Cuts batches into pieces of at most `rows` rows.
pub(super) fn cut(batches: &[RecordBatch], rows: usize) -> Vec<RecordBatch> {
    let mut pieces = Vec::new();
    for batch in batches {
        let mut start = 0;
        while start < batch.num_rows() {
            let length = rows.min(batch.num_rows() - start);
            pieces.push(batch.slice(start, length));
            start += length;
        }
    }
    pieces
}
