//! The reject file: every row that was not loaded, as it stood, with its place and what is wrong with it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use grism_core::{Error, Result};
use grism_text::{Dialect, Record, Records, push_value};

/// What a reject file says of a row before the row itself.
const PLACES: [&str; 4] = ["_file", "_line", "_column", "_reason"];

/// A row that is not loaded.
#[derive(Clone, Debug)]
pub(super) struct Rejected {
    /// The file; empty for rows from memory.
    pub(super) file: String,
    /// Its line, or the number of its row; from 1.
    pub(super) line: u64,
    /// The column that is wrong; empty where the whole row is.
    pub(super) column: String,
    /// What is wrong.
    pub(super) reason: String,
    /// The row.
    pub(super) row: RejectedRow,
}

/// A rejected row as it stood.
#[derive(Clone, Debug)]
pub(super) enum RejectedRow {
    /// A CSV record, without its end of line.
    Csv { text: Vec<u8>, dialect: Dialect },
    /// A JSON object.
    Json(Vec<u8>),
    /// The values of a table's row as text; `None` is null.
    Values(Vec<Option<String>>),
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

    /// The row with the column that is wrong.
    pub(super) fn in_column(mut self, name: &str) -> Self {
        name.clone_into(&mut self.column);
        self
    }
}

/// Where the rows of a load begin in the reject file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RejectStart {
    /// The file is made anew.
    #[default]
    Anew,
    /// Behind so many bytes, which loads before wrote.
    After(u64),
}

impl RejectStart {
    /// Behind what the file at `path` holds now.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn behind(path: &Path) -> Result<Self> {
        match path.metadata() {
            Ok(metadata) if metadata.len() > 0 => Ok(Self::After(metadata.len())),
            Ok(_) => Ok(Self::Anew),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::Anew),
            Err(error) => Err(Error::from(error).context(path.display())),
        }
    }
}

/// The file, which is made with its first row, in the form of CSV that the row's own file has.
#[derive(Debug)]
pub(super) struct RejectFile {
    path: std::path::PathBuf,
    start: RejectStart,
    writer: Option<BufWriter<File>>,
    dialect: Dialect,
    rows: u64,
}

impl RejectFile {
    pub(super) fn new(path: &Path, start: RejectStart) -> Self {
        Self {
            path: path.to_owned(),
            start,
            writer: None,
            dialect: Dialect::default(),
            rows: 0,
        }
    }

    /// Rows that the file holds.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row of a load with `columns`.
    pub(super) fn write(&mut self, columns: &[String], row: &Rejected) -> Result<()> {
        let mut bytes = Vec::new();
        // Behind the rows of other loads the head stands there already.
        if self.writer.is_none() && !self.continues()? {
            if let RejectedRow::Csv { dialect, .. } = &row.row {
                self.dialect = *dialect;
            }
            let names = columns.iter().map(String::as_str);
            match row.row {
                RejectedRow::Json(_) => {
                    self.push(&mut bytes, PLACES.into_iter().chain(["_row"]).map(Some));
                }
                _ => self.push(&mut bytes, PLACES.into_iter().chain(names).map(Some)),
            }
            bytes.push(b'\n');
        }
        let line = row.line.to_string();
        let place = [&row.file, &line, &row.column, &row.reason];
        let place = place.map(|text| (!text.is_empty()).then_some(text.as_str()));
        self.push(&mut bytes, place.into_iter());
        bytes.push(self.dialect.delimiter);
        match &row.row {
            RejectedRow::Csv { text, dialect } if *dialect == self.dialect => {
                bytes.extend_from_slice(text);
            }
            RejectedRow::Csv { text, dialect } => {
                let mut record = Record::default();
                Records::new(text, 1, *dialect).read(&mut record);
                let is_odd = record.text_behind_quote().is_some();
                for place in 0..record.len() {
                    if place > 0 {
                        bytes.push(self.dialect.delimiter);
                    }
                    let (value, is_quoted) = match is_odd {
                        true => (record.raw(text, place), false),
                        false => record.value(text, place),
                    };
                    let value = (is_quoted || !value.is_empty()).then_some(value);
                    push_value(&mut bytes, value, self.dialect);
                }
            }
            RejectedRow::Json(text) => push_value(&mut bytes, Some(text), self.dialect),
            RejectedRow::Values(values) => {
                self.push(&mut bytes, values.iter().map(Option::as_deref));
            }
        }
        bytes.push(b'\n');
        let failed = |error: std::io::Error| Error::from(error).context(self.path.display());
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).map_err(failed)?;
                self.writer.insert(BufWriter::new(file))
            }
        };
        writer.write_all(&bytes).map_err(failed)?;
        self.rows += 1;
        Ok(())
    }

    /// Opens the file behind what stands there already, in its form; false where it is made anew.
    fn continues(&mut self) -> Result<bool> {
        let RejectStart::After(bytes) = self.start else {
            return Ok(false);
        };
        let open = || -> std::io::Result<(File, String)> {
            let mut file = File::options().read(true).write(true).open(&self.path)?;
            // What an attempt that was given up wrote goes.
            file.set_len(bytes)?;
            let mut head = String::new();
            BufReader::new(&file).read_line(&mut head)?;
            file.seek(SeekFrom::End(0))?;
            Ok((file, head))
        };
        let opened = match open() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            opened => opened,
        };
        let (file, head) =
            opened.map_err(|error| Error::from(error).context(self.path.display()))?;
        let delimiter = head
            .strip_prefix(PLACES[0])
            .and_then(|rest| rest.bytes().next());
        let Some(delimiter) = delimiter else {
            return Err(Error::invalid_data(format!(
                "{} is no reject file that rows could be added to",
                self.path.display()
            )));
        };
        self.dialect.delimiter = delimiter;
        self.writer = Some(BufWriter::new(file));
        Ok(true)
    }

    fn push<'a>(&self, out: &mut Vec<u8>, values: impl Iterator<Item = Option<&'a str>>) {
        for (place, value) in values.enumerate() {
            if place > 0 {
                out.push(self.dialect.delimiter);
            }
            push_value(out, value.map(str::as_bytes), self.dialect);
        }
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer
                .flush()
                .map_err(|error| Error::from(error).context(self.path.display()))?;
        }
        Ok(())
    }
}

/// The values of a row as text.
pub(super) fn row_texts(batch: &RecordBatch, row: usize) -> Vec<Option<String>> {
    let options = FormatOptions::default().with_display_error(true);
    let text = |column: &ArrayRef| {
        if column.is_null(row) || column.data_type() == &DataType::Null {
            return None;
        }
        let formatter = ArrayFormatter::try_new(column, &options).ok()?;
        Some(formatter.value(row).to_string())
    };
    batch.columns().iter().map(text).collect()
}
