//! Pieces of CSV and JSON files as rows, and those that are none.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result};
use grism_text::{Contradiction, CsvColumns, JsonColumns, TextColumn, TextRows, WrongRow};

use super::arrow_column::field_of;
use super::parsed::{Parsed, Places, TextForm};
use super::rejects::Rejected;
use super::telling::Telling;
use super::text::TextPiece;

/// How the pieces of a text file are parsed.
#[derive(Debug)]
pub(super) enum TextParser {
    Csv(CsvColumns),
    Json(JsonColumns),
}

impl TextParser {
    pub(super) fn columns(&self) -> &[TextColumn] {
        match self {
            Self::Csv(text) => &text.columns,
            Self::Json(text) => &text.columns,
        }
    }

    /// The columns as they are before any row is read.
    pub(super) fn schema(&self) -> SchemaRef {
        let fields = self.columns().iter();
        let fields = fields.map(|column| field_of(&column.name, &column.ty));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    fn form(&self) -> TextForm {
        match self {
            Self::Csv(text) => {
                let mut order = vec![0; text.fields.len()];
                for (place, column) in text.fields.iter().enumerate() {
                    order[*column] = place;
                }
                TextForm::Csv {
                    dialect: text.dialect,
                    order: order.into(),
                }
            }
            Self::Json(_) => TextForm::Json,
        }
    }

    /// Parses a piece. A row that does not fit is among the rejected ones.
    ///
    /// # Errors
    /// `InvalidData` where a row contradicts what was told of the columns, which `telling` takes note of.
    pub(super) fn parse(&self, piece: &Arc<TextPiece>, telling: &Telling) -> Result<Parsed> {
        let form = self.form();
        let rejected = |row: WrongRow| Rejected {
            file: piece.file.name.clone(),
            line: row.line,
            column: row.problem.column,
            reason: row.problem.reason,
            row: form.row(&piece.bytes, row.range),
        };
        let rows = match self {
            Self::Csv(text) => text.rows(&piece.bytes, piece.line)?,
            Self::Json(text) => text.rows(&piece.bytes, piece.line)?,
        };
        let rows: TextRows = match rows {
            Ok(rows) => rows,
            Err(Contradiction(row)) => {
                let place = rejected(row).describe("");
                telling.contradict(&place);
                return Err(Error::invalid_data(place));
            }
        };
        let fields = self.columns().iter().zip(&rows.types);
        let fields = fields.map(|(column, ty)| field_of(&column.name, ty));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        let count = RecordBatchOptions::new().with_row_count(Some(rows.lines.len()));
        Ok(Parsed {
            batch: RecordBatch::try_new_with_options(schema, rows.columns, &count)?,
            rejected: rows.wrong.into_iter().map(rejected).collect(),
            places: Places::of_text(piece, form.clone(), rows.lines, rows.ranges),
        })
    }
}
