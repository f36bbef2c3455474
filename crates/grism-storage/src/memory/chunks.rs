//! The rows of a table in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::compute::interleave;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, ID_COLUMN, Result, Table, widen_column};

use crate::collector::has_value;
use crate::columns::{column_or_null, column_type, named_batch, row_offsets};

/// Pieces of a batch are numbered in so many bits.
const PIECE_BITS: u32 = 24;
/// Pieces that a table has about, so that threads share also a small one, whose rows may become many.
const PIECES: u64 = 8;
/// Rows of a piece at least.
const LEAST_PIECE: u64 = 1 << 12;

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

    /// The pieces that are scanned on their own: the number of each, and its rows. No piece is of two batches.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (u64, u64)> {
        let piece_rows = self.piece_rows();
        self.batches
            .iter()
            .zip(0_u64..)
            .flat_map(move |(batch, chunk)| {
                let starts = (0..batch.num_rows()).step_by(piece_rows).zip(0_u64..);
                starts.map(move |(start, piece)| {
                    let rows = piece_rows.min(batch.num_rows() - start);
                    (chunk << PIECE_BITS | piece, rows as u64)
                })
            })
    }

    /// The offset of the first row of the piece of this number, and its rows; `None` where there is no such piece.
    pub(super) fn piece(&self, number: u64) -> Option<(u64, RecordBatch)> {
        let chunk = (number >> PIECE_BITS) as usize;
        let (batch, start) = (self.batches.get(chunk)?, self.starts.get(chunk)?);
        let first = (number & ((1 << PIECE_BITS) - 1)) as usize * self.piece_rows();
        let rows = self.piece_rows().min(batch.num_rows().checked_sub(first)?);
        Some((start + first as u64, batch.slice(first, rows)))
    }

    fn piece_rows(&self) -> usize {
        (self.rows() / PIECES).max(LEAST_PIECE) as usize
    }

    /// The batch of each offset, and the row within it; `None` where an offset is past the end.
    pub(super) fn places(&self, offsets: &[u64]) -> Option<Vec<(usize, usize)>> {
        let mut places = Vec::with_capacity(offsets.len());
        let (mut chunk, mut range) = (0, 0..0);
        for offset in offsets {
            // Offsets that follow each other are mostly of one batch.
            if !range.contains(offset) {
                chunk = self.place(*offset)?.0;
                range = self.starts[chunk]..self.starts[chunk + 1];
            }
            places.push((chunk, (*offset - range.start) as usize));
        }
        Some(places)
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

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray, UInt64Array};
    use grism_core::{EntityId, GraphSchema, TableId, Type, Value};

    use super::*;

    /// A table of nodes with a number and a text.
    fn schema() -> (GraphSchema, TableId) {
        let mut schema = GraphSchema::default();
        let table = schema.ensure_node_table(&["A".to_owned()]).unwrap();
        schema.ensure_property(table, "x", &Type::Int64).unwrap();
        schema.ensure_property(table, "s", &Type::String).unwrap();
        (schema, table)
    }

    fn numbers(values: &[i64]) -> RecordBatch {
        let values: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("x", values)]).unwrap()
    }

    fn chunks(sizes: &[i64]) -> Chunks {
        let mut chunks = Chunks::default();
        let mut next = 0;
        for size in sizes {
            let values: Vec<i64> = (next..next + size).collect();
            chunks.push(numbers(&values));
            next += size;
        }
        chunks
    }

    fn values(chunks: &Chunks, column: &str) -> Vec<Value> {
        let of = |batch: &RecordBatch| match batch.column_by_name(column) {
            Some(column) => (0..batch.num_rows())
                .map(|row| Value::from_array(column, row).unwrap())
                .collect(),
            None => vec![Value::Null; batch.num_rows()],
        };
        chunks.batches.iter().flat_map(of).collect()
    }

    #[test]
    fn an_offset_has_one_place_and_none_behind_the_last_row() {
        let chunks = chunks(&[3, 1, 2]);
        let places: Vec<_> = (0..7).map(|offset| chunks.place(offset)).collect();
        let all = [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1)].map(Some);
        assert_eq!(places[..6], all);
        assert_eq!(places[6], None);
        assert_eq!(chunks.rows(), 6);
        assert_eq!(Chunks::default().place(0), None);
    }

    #[test]
    fn an_update_changes_its_rows_and_no_others_and_may_bring_a_column() {
        let (schema, table) = schema();
        let mut chunks = chunks(&[3, 2]);
        let before = chunks.clone();
        let ids = [4, 1].map(|offset| EntityId::new(table, offset).raw());
        let ids: ArrayRef = Arc::new(UInt64Array::from(ids.to_vec()));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["four", "one"]));
        let x: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(-1)]));
        let changes = RecordBatch::try_from_iter_with_nullable([
            (ID_COLUMN, ids, false),
            ("x", x, true),
            ("s", texts, true),
        ]);
        let table = schema.table(table).unwrap();
        chunks.update(&changes.unwrap(), table).unwrap();
        let integer = Value::Int64;
        assert_eq!(
            values(&chunks, "x"),
            [integer(0), integer(-1), integer(2), integer(3), Value::Null]
        );
        let text = |own: &str| Value::String(own.to_owned());
        let wanted = [
            Value::Null,
            text("one"),
            Value::Null,
            Value::Null,
            text("four"),
        ];
        assert_eq!(values(&chunks, "s"), wanted);
        // Whoever reads the rows as they were still does.
        assert_eq!(values(&before, "x"), [0, 1, 2, 3, 4].map(integer));
        assert_eq!(chunks.count_values(&[0, 1, 4], "s"), 2);
        assert_eq!(chunks.count_values(&[0, 1, 4], "x"), 2);
    }

    #[test]
    fn pieces_hold_every_row_once() {
        let size = 2 * LEAST_PIECE as i64 + 5;
        let chunks = chunks(&[size, 3]);
        let all = chunks.pieces().flat_map(|(number, rows)| {
            let (start, batch) = chunks.piece(number).unwrap();
            assert_eq!(batch.num_rows() as u64, rows);
            start..start + rows
        });
        let wanted: Vec<u64> = (0..chunks.rows()).collect();
        assert_eq!(all.collect::<Vec<_>>(), wanted);
        assert_eq!(chunks.pieces().count(), 4);
        assert!(chunks.piece(2 << PIECE_BITS).is_none());
    }

    #[test]
    fn batches_are_cut_into_pieces_that_hold_every_row_once() {
        let batches = [numbers(&[0, 1, 2, 3, 4]), numbers(&[]), numbers(&[5, 6])];
        let pieces = cut(&batches, 2);
        let sizes: Vec<usize> = pieces.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(sizes, [2, 2, 1, 2]);
        let chunks = Chunks {
            batches: pieces,
            ..Chunks::default()
        };
        let all: Vec<Value> = (0..7).map(Value::Int64).collect();
        assert_eq!(values(&chunks, "x"), all);
    }
}
