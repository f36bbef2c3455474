//! Writes the results of statements one after the other, batch by batch.

use std::path::Path;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism::{Compression, Error, PlainForm, QueryResult, RecordBatchStream, Result, plain_stream};
use parquet::arrow::ArrowWriter;

use super::cell::{text_of, value_of};
use super::csv::{csv_field, csv_line, quoted};
use super::destination::Destination;
use super::json::json_line;
use super::{line, markdown, table};
use crate::arguments::Format;

/// Writes results in one form to one place.
pub(crate) struct ResultWriter {
    destination: Destination,
    format: Format,
    /// Results that were written.
    results: usize,
}

impl ResultWriter {
    /// A writer of a form, by default that of the file's ending, else a table for a terminal and CSV for a pipe. A file is packed
    /// where its name ends with `.gz` or `.zst`.
    ///
    /// # Errors
    /// `InvalidQuery` for a binary form on a terminal; `Unsupported` for an ending of no form, and for a binary form that is to be
    /// packed; those of [`Destination::open`].
    pub(crate) fn new(format: Option<Format>, path: Option<&Path>) -> Result<Self> {
        let (format, compression) = match path {
            Some(path) => told_by_name(format, path)?,
            None => (format, Compression::None),
        };
        let destination = Destination::open(path, compression)?;
        let terminal = destination.is_terminal();
        let format = format.unwrap_or(if terminal { Format::Table } else { Format::Csv });
        if terminal && is_binary(format) {
            return Err(Error::invalid_query(
                "this format is not for a terminal: send the output to a file, as with --output",
            ));
        }
        Ok(Self {
            destination,
            format,
            results: 0,
        })
    }

    /// A writer for somebody at a terminal, by default of tables, through a pager where there is one.
    pub(crate) fn paged(format: Option<Format>) -> Self {
        Self {
            destination: Destination::pager(),
            format: format.unwrap_or(Format::Table),
            results: 0,
        }
    }

    /// Writes a result; how many rows it has, or `None` where nobody reads on.
    ///
    /// # Errors
    /// What goes wrong while the query runs or the output is written.
    pub(crate) async fn write(&mut self, result: QueryResult) -> Result<Option<usize>> {
        let schema = result.arrow_schema();
        if self.results > 0 && is_binary(self.format) {
            return Err(Error::invalid_query(
                "this format holds one result: run one statement, or take another format",
            ));
        }
        if self.results > 0 && self.format != Format::Json {
            self.destination.write(b"\n")?;
        }
        self.results += 1;
        let stream = result.into_stream();
        match self.format {
            Format::Arrow => self.arrow(&schema, stream).await,
            Format::Parquet => self.parquet(&schema, stream).await,
            Format::Table => self.table(&schema, stream).await,
            _ => self.lines(&schema, stream).await,
        }
    }

    /// Ends the output.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub(crate) fn finish(self) -> Result<()> {
        self.destination.finish()
    }

    /// The forms that have lines for each row.
    async fn lines(
        &mut self,
        schema: &SchemaRef,
        mut stream: RecordBatchStream,
    ) -> Result<Option<usize>> {
        let names = names(schema);
        match self.format {
            Format::Csv => {
                let line = csv_line(names.iter().cloned().map(quoted));
                self.destination.write(line.as_bytes())?;
            }
            Format::Markdown => {
                self.destination.write(markdown::head(&names).as_bytes())?;
            }
            _ => {}
        }
        let mut rows = 0;
        while let Some(batch) = stream.try_next().await? {
            for row in 0..batch.num_rows() {
                let text = match self.format {
                    Format::Json => json_line(schema, &batch, row)?,
                    Format::Csv => {
                        let fields = schema.fields().iter().zip(batch.columns());
                        let fields = fields
                            .map(|(field, column)| Ok(csv_field(value_of(field, column, row)?)))
                            .collect::<Result<Vec<_>>>()?;
                        csv_line(fields.into_iter()).into_bytes()
                    }
                    Format::Markdown => markdown::row(&texts(schema, &batch, row)?).into_bytes(),
                    _ => {
                        let lines = line::lines(&names, &texts(schema, &batch, row)?);
                        let between = if rows > 0 { "\n" } else { "" };
                        format!("{between}{lines}").into_bytes()
                    }
                };
                rows += 1;
                if !self.destination.write(&text)? {
                    return Ok(None);
                }
            }
        }
        Ok(self.destination.flush()?.then_some(rows))
    }

    async fn table(
        &mut self,
        schema: &SchemaRef,
        mut stream: RecordBatchStream,
    ) -> Result<Option<usize>> {
        let mut rows = Vec::new();
        while let Some(batch) = stream.try_next().await? {
            for row in 0..batch.num_rows() {
                rows.push(texts(schema, &batch, row)?);
            }
        }
        let are_numbers: Vec<bool> = schema
            .fields()
            .iter()
            .map(|field| matches!(field.data_type(), DataType::Int64 | DataType::Float64))
            .collect();
        let width = self.destination.width();
        let text = table::table(&names(schema), &rows, &are_numbers, width);
        let text = format!("{text}\n{}\n", table::counted_rows(rows.len()));
        self.destination.write(text.as_bytes())?;
        Ok(self.destination.flush()?.then_some(rows.len()))
    }

    async fn arrow(
        &mut self,
        schema: &SchemaRef,
        stream: RecordBatchStream,
    ) -> Result<Option<usize>> {
        let (schema, mut stream) = plain_stream(schema, stream, PlainForm::Arrow).await?;
        let mut rows = 0;
        let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
        while let Some(batch) = stream.try_next().await? {
            rows += batch.num_rows();
            writer.write(&batch)?;
            let bytes = std::mem::take(writer.get_mut());
            if !self.destination.write(&bytes)? {
                return Ok(None);
            }
        }
        writer.finish()?;
        let bytes = std::mem::take(writer.get_mut());
        self.destination.write(&bytes)?;
        Ok(self.destination.flush()?.then_some(rows))
    }

    async fn parquet(
        &mut self,
        schema: &SchemaRef,
        stream: RecordBatchStream,
    ) -> Result<Option<usize>> {
        let failed = |error: parquet::errors::ParquetError| Error::invalid_data(error.to_string());
        let (schema, mut stream) = plain_stream(schema, stream, PlainForm::Parquet).await?;
        let mut bytes = Vec::new();
        let mut rows = 0;
        let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).map_err(failed)?;
        while let Some(batch) = stream.try_next().await? {
            rows += batch.num_rows();
            writer.write(&batch).map_err(failed)?;
        }
        writer.close().map_err(failed)?;
        self.destination.write(&bytes)?;
        Ok(self.destination.flush()?.then_some(rows))
    }
}

fn is_binary(format: Format) -> bool {
    matches!(format, Format::Arrow | Format::Parquet)
}

/// The form and the packing that a file's name tells; `format` is the form where that is given.
fn told_by_name(format: Option<Format>, path: &Path) -> Result<(Option<Format>, Compression)> {
    let compression = match ending_of(path).as_deref() {
        Some("gz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    };
    let told = match compression {
        Compression::None => format_of(path),
        _ => path.file_stem().map(Path::new).and_then(format_of),
    };
    let path = path.display();
    match format.or(told) {
        None => Err(Error::unsupported(format!(
            "the ending of {path} tells no form of output: name it with --format, or take {ENDINGS}, .gz or .zst behind those of text"
        ))),
        Some(format) if is_binary(format) && compression != Compression::None => {
            Err(Error::unsupported(format!(
                "{path}: Arrow and Parquet are not packed; leave out the last ending"
            )))
        }
        format => Ok((format, compression)),
    }
}

fn ending_of(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// The endings that tell a form.
const ENDINGS: &str = ".csv, .json, .jsonl, .ndjson, .md, .txt, .arrow, .arrows, .ipc or .parquet";

/// The form that a file's ending tells.
fn format_of(path: &Path) -> Option<Format> {
    Some(match ending_of(path)?.as_str() {
        "csv" => Format::Csv,
        "json" | "jsonl" | "ndjson" => Format::Json,
        "md" => Format::Markdown,
        "txt" => Format::Table,
        "arrow" | "arrows" | "ipc" => Format::Arrow,
        "parquet" => Format::Parquet,
        _ => return None,
    })
}

fn names(schema: &SchemaRef) -> Vec<String> {
    let fields = schema.fields().iter();
    fields.map(|field| field.name().clone()).collect()
}

fn texts(schema: &SchemaRef, batch: &RecordBatch, row: usize) -> Result<Vec<String>> {
    let cells = schema.fields().iter().zip(batch.columns());
    cells
        .map(|(field, column)| Ok(text_of(value_of(field, column, row)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(format: Option<Format>, path: &str) -> Result<(Option<Format>, Compression)> {
        told_by_name(format, Path::new(path))
    }

    #[test]
    fn the_endings_of_a_name_tell_form_and_packing() {
        for (path, format, compression) in [
            ("a.csv", Format::Csv, Compression::None),
            ("a.CSV.GZ", Format::Csv, Compression::Gzip),
            ("a.ndjson.zst", Format::Json, Compression::Zstd),
            ("dir.json/a.md", Format::Markdown, Compression::None),
            ("a.ipc", Format::Arrow, Compression::None),
            ("a.parquet", Format::Parquet, Compression::None),
        ] {
            assert_eq!(
                told(None, path).unwrap(),
                (Some(format), compression),
                "{path}"
            );
        }
        // The form that is asked for counts more than the ending.
        let line = told(Some(Format::Line), "a.csv.gz").unwrap();
        assert_eq!(line, (Some(Format::Line), Compression::Gzip));
        assert_eq!(
            told(Some(Format::Csv), "a.out").unwrap().0,
            Some(Format::Csv)
        );
    }

    #[test]
    fn a_name_that_tells_no_form_and_a_packed_binary_form_are_refused() {
        for (format, path) in [
            (None, "a.out"),
            (None, "a"),
            (None, "a.gz"),
            (None, "a.parquet.gz"),
            (Some(Format::Arrow), "a.zst"),
        ] {
            let error = told(format, path).unwrap_err();
            assert_eq!(
                error.kind(),
                grism::ErrorKind::Unsupported,
                "{path}: {error}"
            );
        }
    }
}
