//! Pieces of an input, and the rows that they become.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::arrow_column::{TableColumns, WrongValue, wrong_values};
use super::files::InputFile;
use super::int96::WideTimes;
use super::parsed::{Parsed, Places};
use super::telling::Telling;
use super::text::TextPiece;
use super::text_parser::TextParser;

/// Rows of a batch that is read.
pub(super) const BATCH_ROWS: usize = 1 << 16;
/// Bytes that a column of a piece takes beside its values, about.
const COLUMN_BYTES: usize = 1 << 10;

/// Work for a parser.
pub(super) enum Piece {
    Text(Arc<TextPiece>, Arc<TextParser>),
    RowGroup {
        file: Arc<InputFile>,
        metadata: ArrowReaderMetadata,
        /// Its columns of times of 96 bits.
        wide: Option<WideTimes>,
        group: usize,
        /// The number of its first row in the file, from 1.
        first: u64,
        columns: Arc<TableColumns>,
    },
    Batch(RecordBatch, Places, Arc<TableColumns>),
}

impl Piece {
    /// The bytes that it takes, where it is text: it comes in several forms before it is taken.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(piece, parser) => piece.bytes.len() + parser.columns().len() * COLUMN_BYTES,
            Self::RowGroup { .. } | Self::Batch(..) => 0,
        }
    }

    /// The rows.
    ///
    /// # Errors
    /// `InvalidData`, naming the file, for what cannot be read at all.
    pub(super) fn parse(self, telling: &Telling) -> Result<Vec<Parsed>> {
        let plain = |batch: &RecordBatch, places: Places, columns: &TableColumns| {
            table_rows(batch, places, columns, telling)
        };
        match self {
            Self::Text(piece, parser) => Ok(vec![parser.parse(&piece, telling)?]),
            Self::Batch(batch, places, columns) => Ok(vec![plain(&batch, places, &columns)?]),
            Self::RowGroup {
                file,
                metadata,
                wide,
                group,
                first,
                columns,
            } => {
                let mut micros = match &wide {
                    Some(wide) => {
                        let opened = file.open()?;
                        let metadata = wide.metadata.clone();
                        let reader =
                            ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata)
                                .with_row_groups(vec![group])
                                .with_projection(wide.mask.clone())
                                .with_batch_size(BATCH_ROWS)
                                .build();
                        Some((wide, reader.map_err(|error| file.broken(&error))?))
                    }
                    None => None,
                };
                let reader =
                    ParquetRecordBatchReaderBuilder::new_with_metadata(file.open()?, metadata)
                        .with_row_groups(vec![group])
                        .with_batch_size(BATCH_ROWS)
                        .build()
                        .map_err(|error| file.broken(&error))?;
                let mut first = first;
                let mut parsed = Vec::new();
                for batch in reader {
                    let mut batch = batch.map_err(|error| file.broken(&error))?;
                    if let Some((wide, micros)) = &mut micros
                        && let Some(micros) = micros.next()
                    {
                        let micros = micros.map_err(|error| file.broken(&error))?;
                        let merged = wide.merged(&batch, &micros);
                        batch = merged.map_err(|error| error.context(&file.name))?;
                    }
                    let rows = batch.num_rows();
                    let places = Places::rows(&file.name, first);
                    let own = plain(&batch, places, &columns);
                    parsed.push(own.map_err(|error| error.context(&file.name))?);
                    first += rows as u64;
                }
                Ok(parsed)
            }
        }
    }
}

/// Rows of a table. Those that hold wrong values are rejected, where rows may be.
///
/// # Errors
/// `InvalidData` and `Unsupported` for a value that is not held, where no row is rejected, or for all values of a column.
fn table_rows(
    batch: &RecordBatch,
    places: Places,
    columns: &TableColumns,
    telling: &Telling,
) -> Result<Parsed> {
    let first = places.line(0);
    let batch = &columns.read_of(batch, first)?;
    let wrong = match telling.rejects_rows() {
        true => wrong_values(batch, columns, first)?,
        false => BTreeMap::new(),
    };
    if wrong.is_empty() {
        return Ok(Parsed {
            batch: columns.plain(batch, first)?,
            places,
            rejected: Vec::new(),
        });
    }
    let kept: Vec<bool> = (0..batch.num_rows())
        .map(|row| !wrong.contains_key(&row))
        .collect();
    let rejected = wrong
        .into_iter()
        .map(|(row, WrongValue { column, reason })| {
            let rejected = places.rejected(batch, row, reason);
            rejected.in_column(&column)
        });
    let rejected = rejected.collect();
    let places = places.keeping(&kept);
    let batch = filter_record_batch(batch, &BooleanArray::from(kept))?;
    Ok(Parsed {
        batch: columns.plain(&batch, first)?,
        places,
        rejected,
    })
}
