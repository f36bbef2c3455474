//! Rows as they were read, with their places and their text.

use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use grism_text::{Dialect, Record, Records};

use super::rejects::{Rejected, RejectedRow, row_texts};
use super::text::TextPiece;

/// A batch of rows, and the rows beside it that could not be read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) batch: RecordBatch,
    pub(super) places: Places,
    pub(super) rejected: Vec<Rejected>,
}

/// Where rows come from: a file and a line each.
#[derive(Clone, Debug)]
pub(super) struct Places {
    file: String,
    first: u64,
    /// The lines, where they are not one behind the other.
    lines: Option<Vec<u64>>,
    /// The text of each row, where there is one.
    texts: Option<RowTexts>,
}

/// The text that rows were read from.
#[derive(Clone, Debug)]
pub(super) struct RowTexts {
    piece: Arc<TextPiece>,
    form: TextForm,
    /// Where each row stands in the piece.
    ranges: Vec<Range<usize>>,
}

/// What a row's text is.
#[derive(Clone, Debug)]
pub(super) enum TextForm {
    /// A CSV record; `order` has for each column of the load the place of its value.
    Csv {
        dialect: Dialect,
        order: Arc<[usize]>,
    },
    /// A JSON object.
    Json,
}

impl TextForm {
    /// The row that stands at `range` in `bytes`, to be rejected.
    pub(super) fn row(&self, bytes: &[u8], range: Range<usize>) -> RejectedRow {
        let text = &bytes[range];
        let (dialect, order) = match self {
            Self::Csv { dialect, order } => (*dialect, order),
            Self::Json => return RejectedRow::Json(text.to_vec()),
        };
        let mut record = Record::default();
        Records::new(text, 1, dialect).read(&mut record);
        let in_order = order.iter().enumerate().all(|(at, place)| at == *place);
        let text = if in_order || record.len() != order.len() {
            text.to_vec()
        } else {
            let values: Vec<&[u8]> = order.iter().map(|place| record.raw(text, *place)).collect();
            values.join(&dialect.delimiter)
        };
        RejectedRow::Csv { text, dialect }
    }
}

impl Places {
    /// The rows of a table, from number `first` on.
    pub(super) fn rows(file: &str, first: u64) -> Self {
        Self {
            file: file.to_owned(),
            first,
            lines: None,
            texts: None,
        }
    }

    /// The rows of a piece of text: the line of each, and where it stands.
    pub(super) fn of_text(
        piece: &Arc<TextPiece>,
        form: TextForm,
        lines: Vec<u64>,
        ranges: Vec<Range<usize>>,
    ) -> Self {
        Self {
            file: piece.file.name.clone(),
            first: piece.line,
            lines: Some(lines),
            texts: Some(RowTexts {
                piece: Arc::clone(piece),
                form,
                ranges,
            }),
        }
    }

    /// The places of the rows of a table that are `kept`.
    pub(super) fn keeping(&self, kept: &[bool]) -> Self {
        let kept = kept.iter().enumerate().filter(|(_, kept)| **kept);
        Self {
            lines: Some(kept.map(|(row, _)| self.line(row)).collect()),
            ..self.clone()
        }
    }

    /// The file; empty for rows from memory.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn line(&self, row: usize) -> u64 {
        match &self.lines {
            Some(lines) => lines.get(row).copied().unwrap_or_default(),
            None => self.first + row as u64,
        }
    }

    /// The row as a rejected one.
    pub(super) fn rejected(&self, batch: &RecordBatch, row: usize, reason: String) -> Rejected {
        let text = self.texts.as_ref().and_then(|texts| {
            let range = texts.ranges.get(row)?.clone();
            Some(texts.form.row(&texts.piece.bytes, range))
        });
        Rejected {
            file: self.file.clone(),
            line: self.line(row),
            column: String::new(),
            reason,
            row: text.unwrap_or_else(|| RejectedRow::Values(row_texts(batch, row))),
        }
    }
}
