//! The reject file: rows that were not loaded, with their places and what is wrong with them.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use grism_core::{Error, Result};

/// Rows that a reject file holds; more are only counted.
const MOST_ROWS: u64 = 100_000;
/// Bytes that it holds, about.
const MOST_BYTES: u64 = 64 << 20;

/// A row that is not loaded.
#[derive(Clone, Debug)]
pub(super) struct Rejected {
    /// The file; empty for rows from memory.
    pub(super) file: String,
    /// Its line, or the number of its row; from 1.
    pub(super) line: u64,
    /// What is wrong.
    pub(super) reason: String,
    /// Its values as text.
    pub(super) fields: Vec<String>,
}

impl Rejected {
    /// The place and the reason, for an error.
    pub(super) fn describe(&self, target: &str) -> String {
        if self.file.is_empty() {
            format!("{target}, row {}: {}", self.line, self.reason)
        } else {
            format!("{}, line {}: {}", self.file, self.line, self.reason)
        }
    }
}

/// The file, which comes into being with its first row.
#[derive(Debug)]
pub(super) struct RejectFile {
    path: std::path::PathBuf,
    writer: Option<csv::Writer<File>>,
    rows: u64,
    bytes: u64,
}

impl RejectFile {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            rows: 0,
            bytes: 0,
        }
    }

    /// Rows that the file holds.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn write(&mut self, columns: &[String], row: &Rejected) -> Result<()> {
        if self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES {
            return Ok(());
        }
        let path = self.path.display().to_string();
        let failed = |error: csv::Error| {
            let error = match error.into_kind() {
                csv::ErrorKind::Io(error) => Error::from(error),
                other => Error::internal(format!("{other:?}")),
            };
            error.context(&path)
        };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file =
                    File::create(&self.path).map_err(|error| Error::from(error).context(&path))?;
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                let fixed = ["_file", "_line", "_reason"].into_iter();
                writer
                    .write_record(fixed.chain(columns.iter().map(String::as_str)))
                    .map_err(failed)?;
                self.writer.insert(writer)
            }
        };
        let line = row.line.to_string();
        let fixed = [row.file.as_str(), line.as_str(), row.reason.as_str()].into_iter();
        writer
            .write_record(fixed.chain(row.fields.iter().map(String::as_str)))
            .map_err(failed)?;
        self.rows += 1;
        self.bytes += row
            .fields
            .iter()
            .map(|field| field.len() as u64 + 1)
            .sum::<u64>()
            + 64;
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer
                .flush()
                .map_err(|error| Error::from(error).context(self.path.display()))?;
        }
        Ok(())
    }
}

/// The values of a row as text; null is empty.
pub(super) fn row_texts(batch: &RecordBatch, row: usize) -> Vec<String> {
    let options = FormatOptions::default().with_display_error(true);
    let text = |column: &ArrayRef| {
        if column.is_null(row) {
            return String::new();
        }
        ArrayFormatter::try_new(column, &options)
            .map(|formatter| formatter.value(row).to_string())
            .unwrap_or_default()
    };
    batch.columns().iter().map(text).collect()
}
