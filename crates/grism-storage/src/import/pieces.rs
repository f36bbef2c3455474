//! Pieces of an input, and the rows that they become.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use grism_core::Result;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::arrow_column::{TableColumns, plain_batch};
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
        let plain = |batch: &RecordBatch, places, columns: &TableColumns| -> Result<Parsed> {
            Ok(Parsed {
                batch: plain_batch(batch, columns)?,
                places,
                rejected: Vec::new(),
            })
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
