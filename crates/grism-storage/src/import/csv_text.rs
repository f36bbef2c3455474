//! CSV: pieces of a file as batches.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, Type};

use super::arrow_column::field_of;
use super::column_builder::ColumnBuilder;
use super::csv_columns::{is_null, is_number};
use super::parsed::{Parsed, Places, TextForm};
use super::rejects::Rejected;
use super::telling::{ReadColumn, Telling};
use super::text::TextPiece;
use super::text_values::{integer, is_code, is_exact};
use crate::csv::{Dialect, Record, Records};

/// How the pieces of a CSV file are parsed.
#[derive(Debug)]
pub(super) struct CsvText {
    pub(super) columns: Arc<Vec<ReadColumn>>,
    /// For each value of a record the column that it goes to.
    pub(super) fields: Vec<usize>,
    pub(super) dialect: Dialect,
    /// The text that stands for null beside nothing at all.
    pub(super) null: Option<Vec<u8>>,
    pub(super) telling: Arc<Telling>,
}

/// Why a record is no row of the table.
struct Problem {
    /// The column that is wrong; empty for the whole record.
    column: String,
    reason: String,
    /// Whether the type of the column was told wrongly, and the record is as it should be.
    is_contradiction: bool,
}

impl CsvText {
    /// The columns as they are before any row is read.
    pub(super) fn schema(&self) -> SchemaRef {
        let fields = self.columns.iter();
        let fields = fields.map(|column| field_of(&column.name, &column.ty));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    /// Parses a piece. A record that does not fit is among the rejected ones.
    ///
    /// # Errors
    /// `InvalidData` where a value contradicts the type that was told of its column.
    pub(super) fn parse(&self, piece: &Arc<TextPiece>) -> Result<Parsed> {
        let mut order = vec![0; self.fields.len()];
        for (place, column) in self.fields.iter().enumerate() {
            order[*column] = place;
        }
        let form = TextForm::Csv {
            dialect: self.dialect,
            order: order.into(),
        };
        let mut columns: Vec<ColumnBuilder> = self
            .columns
            .iter()
            .map(|column| ColumnBuilder::new(&column.ty))
            .collect();
        let mut places = Places::of_text(piece, form.clone());
        let mut rejected = Vec::new();
        let mut records = Records::new(&piece.bytes, piece.line, self.dialect);
        let mut record = Record::default();
        while records.read(&mut record) {
            let Err(problem) = self.push(&piece.bytes, &record, &mut columns) else {
                places.push(record.line, record.range.clone());
                continue;
            };
            let row = Rejected {
                file: piece.file.name.clone(),
                line: record.line,
                column: problem.column,
                reason: problem.reason,
                row: form.row(&piece.bytes, record.range.clone()),
            };
            if problem.is_contradiction {
                let place = row.describe("");
                self.telling.contradict(&place);
                return Err(Error::invalid_data(place));
            }
            rejected.push(row);
        }
        let mut fields = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (builder, column) in columns.into_iter().zip(&*self.columns) {
            let (ty, array) = builder.finish()?;
            fields.push(field_of(&column.name, &ty));
            arrays.push(array);
        }
        let batch = RecordBatch::try_new_with_options(
            Arc::new(Schema::new(fields)),
            arrays,
            &RecordBatchOptions::new().with_row_count(Some(places.len())),
        )?;
        Ok(Parsed {
            batch,
            places,
            rejected,
        })
    }

    /// Adds a record to the columns, or says why it cannot be; then nothing was added.
    fn push(
        &self,
        bytes: &[u8],
        record: &Record,
        columns: &mut [ColumnBuilder],
    ) -> Result<(), Problem> {
        if record.len() != self.fields.len() {
            return Err(Problem {
                column: String::new(),
                reason: format!(
                    "{} values, and the file has {} columns",
                    record.len(),
                    self.fields.len()
                ),
                is_contradiction: false,
            });
        }
        for (place, column) in self.fields.iter().enumerate() {
            let (value, is_quoted) = record.value(bytes, place);
            let own = &self.columns[*column];
            let is_text = own.ty == Type::String;
            let is_null = (!is_quoted || !is_text) && is_null(value, self.null.as_deref());
            let is_number = matches!(own.ty, Type::Int64 | Type::Float64 | Type::Any);
            let pushed = if !is_null && own.is_told && is_number {
                told_number(value, &own.ty)
            } else {
                Ok(())
            };
            let pushed = pushed.and_then(|()| columns[*column].push((!is_null).then_some(value)));
            if let Err(wanted) = pushed {
                for column in &self.fields[..place] {
                    columns[*column].pop();
                }
                return Err(self.problem(own, value, &wanted));
            }
        }
        Ok(())
    }

    fn problem(&self, column: &ReadColumn, value: &[u8], wanted: &str) -> Problem {
        // Where wrong rows are rejected, only what is a number shows that numbers of another type were told.
        let is_other_number = column.ty.is_numeric() && is_number(value);
        let is_text = std::str::from_utf8(value).is_ok();
        Problem {
            column: column.name.clone(),
            reason: format!(
                "column `{}`: '{}' is {wanted}",
                column.name,
                String::from_utf8_lossy(value)
            ),
            is_contradiction: column.is_told
                && is_text
                && !self.telling.is_from_all()
                && (is_other_number || !self.telling.rejects_rows()),
        }
    }
}

/// Whether a number of a column whose type was told is kept by that type as it stands.
fn told_number(value: &[u8], ty: &Type) -> Result<(), String> {
    let text = value.trim_ascii();
    if is_code(text) {
        return Err("a code that begins with 0; give the column the type string".to_owned());
    }
    if text.first() == Some(&b'+') {
        return Err("a code that begins with +; give the column the type string".to_owned());
    }
    let kept: fn(i64) -> bool = match ty {
        Type::Float64 => is_exact,
        Type::Any => |_| true,
        _ => return Ok(()),
    };
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.iter().all(u8::is_ascii_digit) && !integer(text).is_some_and(kept) {
        return Err(format!("an integer that no {ty} is"));
    }
    Ok(())
}
