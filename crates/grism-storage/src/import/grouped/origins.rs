//! Where rows come from and how they stood, in columns that can wait in files.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryBuilder, UInt32Array, UInt64Array};
use arrow::datatypes::{UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_text::Dialect;

use crate::import::parsed::Places;
use crate::import::rejects::{Rejected, RejectedRow};

/// What is kept of rows that may turn out to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum KeptRows {
    /// Their places: the first wrong one ends the load.
    Places,
    /// The rows too, for the reject file.
    Whole,
}

/// The files that rows come from.
#[derive(Debug)]
pub(super) struct Origins {
    kept: KeptRows,
    known: Vec<Origin>,
}

/// A file, and what its rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    file: String,
    form: RowForm,
    /// The columns of roles that its rows say nothing of.
    unsaid: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowForm {
    NotKept,
    Csv(Dialect),
    Json,
    Values,
}

impl Origins {
    pub(super) fn new(kept: KeptRows) -> Self {
        Self {
            kept,
            known: Vec::new(),
        }
    }

    /// For each row of a batch the number of its origin, its line and what is kept of it.
    ///
    /// # Errors
    /// None that a user can cause.
    pub(super) fn columns(
        &mut self,
        batch: &RecordBatch,
        places: &Places,
        unsaid: &[String],
    ) -> Result<[ArrayRef; 3]> {
        let rows = batch.num_rows();
        let mut texts = BinaryBuilder::new();
        let mut form = RowForm::NotKept;
        for row in 0..rows {
            if self.kept == KeptRows::Places {
                texts.append_null();
                continue;
            }
            // All rows of a batch have one form.
            form = match places.rejected(batch, row, String::new()).row {
                RejectedRow::Csv { text, dialect } => {
                    texts.append_value(text);
                    RowForm::Csv(dialect)
                }
                RejectedRow::Json(text) => {
                    texts.append_value(text);
                    RowForm::Json
                }
                RejectedRow::Values(values) => {
                    texts.append_value(serde_json::to_vec(&values).map_err(not_written)?);
                    RowForm::Values
                }
            };
        }
        let origin = self.number(Origin {
            file: places.file().to_owned(),
            form,
            unsaid: unsaid.to_vec(),
        })?;
        let lines: UInt64Array = (0..rows).map(|row| Some(places.line(row))).collect();
        Ok([
            Arc::new(UInt32Array::from(vec![origin; rows])),
            Arc::new(lines),
            Arc::new(texts.finish()),
        ])
    }

    fn number(&mut self, origin: Origin) -> Result<u32> {
        let place = match self.known.iter().rposition(|own| *own == origin) {
            Some(place) => place,
            None => {
                self.known.push(origin);
                self.known.len() - 1
            }
        };
        u32::try_from(place).map_err(|_| Error::internal("more files than a number holds"))
    }

    /// The row at `row` of the [`Self::columns`] of some rows, to be rejected.
    ///
    /// # Errors
    /// None that a user can cause.
    pub(super) fn rejected(
        &self,
        columns: &[ArrayRef],
        row: usize,
        reason: String,
    ) -> Result<Rejected> {
        let [origins, lines, texts] = columns else {
            return Err(Error::internal("rows without their origins"));
        };
        let origin = self
            .known
            .get(origins.as_primitive::<UInt32Type>().value(row) as usize);
        let origin = origin.ok_or_else(|| Error::internal("a row of an unknown file"))?;
        let texts = texts.as_binary::<i32>();
        let text = || texts.value(row).to_vec();
        Ok(Rejected {
            file: origin.file.clone(),
            line: lines.as_primitive::<UInt64Type>().value(row),
            column: String::new(),
            reason,
            row: match origin.form {
                RowForm::NotKept => RejectedRow::Values(Vec::new()),
                RowForm::Csv(dialect) => RejectedRow::Csv {
                    text: text(),
                    dialect,
                },
                RowForm::Json => RejectedRow::Json(text()),
                RowForm::Values => RejectedRow::Values(
                    serde_json::from_slice(texts.value(row)).map_err(not_written)?,
                ),
            },
        })
    }

    /// Whether there are rows that say nothing of the role in `column`.
    pub(super) fn leaves_out(&self, column: &str) -> bool {
        let mut known = self.known.iter();
        known.any(|origin| origin.unsaid.iter().any(|own| own == column))
    }

    /// Whether the row at `row` of the [`Self::columns`] of some rows says something of the role in `column`.
    pub(super) fn says(&self, columns: &[ArrayRef], row: usize, column: &str) -> bool {
        let origin = columns.first().and_then(|origins| {
            let origins = origins.as_primitive::<UInt32Type>();
            self.known.get(origins.value(row) as usize)
        });
        origin.is_none_or(|origin| origin.unsaid.iter().all(|own| own != column))
    }

    /// The place of a row, for the message of another one.
    pub(super) fn place(&self, columns: &[ArrayRef], row: usize) -> Result<String> {
        let rejected = self.rejected(columns, row, String::new())?;
        Ok(if rejected.file.is_empty() {
            format!("row {}", rejected.line)
        } else {
            format!("{}, line {}", rejected.file, rejected.line)
        })
    }
}

fn not_written(error: serde_json::Error) -> Error {
    Error::internal(format!("the values of a row were not kept: {error}"))
}
