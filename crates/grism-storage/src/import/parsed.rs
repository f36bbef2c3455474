//! Rows as they were read, with their places.

use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use grism_core::Result;

use super::rejects::{Rejected, row_texts};

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
    rows: usize,
    /// The lines, where they are not one behind the other.
    lines: Option<Vec<u64>>,
}

impl Places {
    /// No rows yet; the first will be in line `first`.
    pub(super) fn lines(file: &str, first: u64) -> Self {
        Self {
            file: file.to_owned(),
            first,
            rows: 0,
            lines: None,
        }
    }

    /// The rows of a table, from number `first` on.
    pub(super) fn rows(file: &str, first: u64, rows: usize) -> Self {
        Self {
            rows,
            ..Self::lines(file, first)
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    pub(super) fn push(&mut self, line: u64) {
        match &mut self.lines {
            Some(lines) => lines.push(line),
            None if line == self.first + self.rows as u64 => {}
            None if self.rows == 0 => self.first = line,
            None => {
                let mut lines: Vec<u64> = (self.first..self.first + self.rows as u64).collect();
                lines.push(line);
                self.lines = Some(lines);
            }
        }
        self.rows += 1;
    }

    pub(super) fn line(&self, row: usize) -> u64 {
        match &self.lines {
            Some(lines) => lines.get(row).copied().unwrap_or_default(),
            None => self.first + row as u64,
        }
    }

    /// The row as a rejected one.
    pub(super) fn rejected(&self, batch: &RecordBatch, row: usize, reason: String) -> Rejected {
        Rejected {
            file: self.file.clone(),
            line: self.line(row),
            reason,
            fields: row_texts(batch, row),
        }
    }

    fn filter(&self, kept: &BooleanArray) -> Self {
        let lines: Vec<u64> = (0..self.rows)
            .filter(|row| kept.value(*row))
            .map(|row| self.line(row))
            .collect();
        Self {
            file: self.file.clone(),
            first: lines.first().copied().unwrap_or(self.first),
            rows: lines.len(),
            lines: Some(lines),
        }
    }
}

impl Parsed {
    /// Without some rows, which are rejected for a reason each; the first reason of a row counts.
    pub(super) fn without(mut self, wrong: Vec<(usize, String)>) -> Result<Self> {
        if wrong.is_empty() {
            return Ok(self);
        }
        let mut kept = vec![true; self.batch.num_rows()];
        for (row, reason) in wrong {
            if std::mem::replace(&mut kept[row], false) {
                self.rejected
                    .push(self.places.rejected(&self.batch, row, reason));
            }
        }
        self.rejected.sort_by_key(|row| row.line);
        let kept = BooleanArray::from(kept);
        self.places = self.places.filter(&kept);
        self.batch = filter_record_batch(&self.batch, &kept)?;
        debug_assert_eq!(kept.null_count(), 0);
        Ok(self)
    }
}
