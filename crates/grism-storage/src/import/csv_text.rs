//! CSV: the columns of a file, and pieces of it as batches.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use csv::{ByteRecord, ReaderBuilder};
use grism_core::{Result, Type};

use super::column_builder::ColumnBuilder;
use super::options::ImportOptions;
use super::parsed::{Parsed, Places};
use super::rejects::Rejected;
use super::text::TextPiece;

/// Rows from which the types of columns are told.
const SAMPLE_ROWS: usize = 1_000;

/// How the pieces of a CSV file are parsed.
#[derive(Debug)]
pub(super) struct CsvColumns {
    schema: SchemaRef,
    /// For each field of a record the column it goes to.
    fields: Vec<usize>,
    /// Which columns have a type that was told from the first rows.
    told: Vec<bool>,
    delimiter: u8,
    quote: u8,
    null: Option<String>,
}

fn reader<'a>(options: &ImportOptions, bytes: &'a [u8]) -> csv::Reader<&'a [u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter)
        .quote(options.quote)
        .from_reader(bytes)
}

impl CsvColumns {
    /// Tells the columns from the first piece of a file, which loses its header. `known` are the columns of the files
    /// before, which this one must have too, in any order.
    pub(super) fn of(
        piece: &mut TextPiece,
        options: &ImportOptions,
        known: Option<&SchemaRef>,
    ) -> Result<Self> {
        let file = Arc::clone(&piece.file);
        let mut records = reader(options, &piece.bytes);
        let mut record = ByteRecord::new();
        let any = records
            .read_byte_record(&mut record)
            .map_err(|error| file.broken(&error))?;
        if !any {
            return Err(file.broken(&"the file is empty: a header line was expected"));
        }
        let names: Vec<String> = if options.header {
            let mut names = Vec::new();
            for name in &record {
                let name = std::str::from_utf8(name)
                    .map_err(|_| file.broken(&"the header is not UTF-8"))?;
                names.push(name.trim().to_owned());
            }
            let end = usize::try_from(records.position().byte()).unwrap_or(usize::MAX);
            let rest = piece.bytes.split_off(end.min(piece.bytes.len()));
            let header = std::mem::replace(&mut piece.bytes, rest);
            piece.line += header.iter().filter(|byte| **byte == b'\n').count() as u64;
            names
        } else {
            (1..=record.len())
                .map(|number| format!("column_{number}"))
                .collect()
        };
        if let Some(twice) = names
            .iter()
            .enumerate()
            .find(|(at, name)| names[..*at].contains(name))
        {
            return Err(file.broken(&format!("the header names the column `{}` twice", twice.1)));
        }
        if let Some(name) = options.types.keys().find(|name| !names.contains(name)) {
            return Err(file.broken(&format!("a type is given for `{name}`, which is no column")));
        }
        let (schema, fields) = match known {
            Some(schema) => {
                let mut fields = Vec::new();
                for name in &names {
                    fields.push(schema.index_of(name).map_err(|_| {
                        file.broken(&format!("the column `{name}` is not in the files before"))
                    })?);
                }
                let missing = (0..schema.fields().len()).find(|column| !fields.contains(column));
                if let Some(column) = missing {
                    let name = schema.field(column).name();
                    return Err(file.broken(&format!("the column `{name}` is missing")));
                }
                (Arc::clone(schema), fields)
            }
            None => {
                let types = told_types(&piece.bytes, &names, options);
                let fields: Vec<Field> = names
                    .iter()
                    .zip(types)
                    .map(|(name, data_type)| Field::new(name, data_type, true))
                    .collect();
                let columns = (0..fields.len()).collect();
                (Arc::new(Schema::new(fields)), columns)
            }
        };
        let is_told = |field: &Arc<Field>| !options.types.contains_key(field.name());
        Ok(Self {
            told: schema.fields().iter().map(is_told).collect(),
            schema,
            fields,
            delimiter: options.delimiter,
            quote: options.quote,
            null: options.null.clone(),
        })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Parses a piece. A record that does not fit is among the rejected ones.
    pub(super) fn parse(&self, piece: &TextPiece) -> Result<Parsed> {
        let mut records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .quote(self.quote)
            .from_reader(&piece.bytes[..]);
        let mut columns: Vec<ColumnBuilder> = self
            .schema
            .fields()
            .iter()
            .map(|field| ColumnBuilder::new(field.data_type()))
            .collect();
        let mut places = Places::lines(&piece.file.name, piece.line);
        let mut rejected = Vec::new();
        let mut record = ByteRecord::new();
        loop {
            let line = piece.line + records.position().line() - 1;
            let more = records
                .read_byte_record(&mut record)
                .map_err(|error| piece.file.broken(&error))?;
            if !more {
                break;
            }
            // The reader skips empty lines before it notes where a record is.
            let line = record
                .position()
                .map_or(line, |position| piece.line + position.line() - 1);
            if let Err(reason) = self.push(&record, &mut columns) {
                rejected.push(Rejected {
                    file: piece.file.name.clone(),
                    line,
                    reason,
                    fields: texts(&record),
                });
                continue;
            }
            places.push(line);
        }
        let rows = places.len();
        let mut arrays = Vec::with_capacity(columns.len());
        let mut wrong: Vec<(usize, String)> = Vec::new();
        for (builder, field) in columns.into_iter().zip(self.schema.fields()) {
            arrays.push(builder.finish(field, &mut wrong)?);
        }
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            arrays,
            &arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows)),
        )?;
        Parsed {
            batch,
            places,
            rejected,
        }
        .without(wrong)
    }

    /// Adds a record to the columns, or says why it cannot be; then nothing was added.
    fn push(&self, record: &ByteRecord, columns: &mut [ColumnBuilder]) -> Result<(), String> {
        if record.len() != self.fields.len() {
            return Err(format!(
                "{} values, and the file has {} columns",
                record.len(),
                self.fields.len()
            ));
        }
        let null = self.null.as_deref().map(str::as_bytes);
        for (at, (value, column)) in record.iter().zip(&self.fields).enumerate() {
            let value = (!value.is_empty() && Some(value) != null).then_some(value);
            let is_code =
                self.told[*column] && columns[*column].is_number() && value.is_some_and(is_code);
            let pushed = if is_code {
                Err("a code that begins with 0; give the column the type string")
            } else {
                columns[*column].push(value)
            };
            if let Err(wanted) = pushed {
                for column in &self.fields[..at] {
                    columns[*column].pop();
                }
                let text = String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
                let name = self.schema.field(*column).name();
                return Err(format!("column `{name}`: '{text}' is {wanted}"));
            }
        }
        Ok(())
    }
}

fn texts(record: &ByteRecord) -> Vec<String> {
    record
        .iter()
        .map(|field| String::from_utf8_lossy(field).into_owned())
        .collect()
}

/// The narrowest types that the first rows fit.
fn told_types(bytes: &[u8], names: &[String], options: &ImportOptions) -> Vec<DataType> {
    let mut samples: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    let mut records = reader(options, bytes);
    let mut record = ByteRecord::new();
    let mut rows = 0;
    while rows < SAMPLE_ROWS && records.read_byte_record(&mut record).unwrap_or(false) {
        rows += 1;
        for (value, sample) in record.iter().zip(&mut samples) {
            if value.is_empty() || Some(value) == options.null.as_deref().map(str::as_bytes) {
                continue;
            }
            sample.push(String::from_utf8_lossy(value).into_owned());
        }
    }
    names
        .iter()
        .zip(samples)
        .map(|(name, sample)| match options.types.get(name) {
            Some(ty) => ty.to_arrow(),
            None => told_type(&sample),
        })
        .collect()
}

/// The narrowest type that every text of a sample fits.
fn told_type(sample: &[String]) -> DataType {
    if sample.is_empty() {
        return DataType::Utf8;
    }
    let candidates = [
        DataType::Int64,
        DataType::Float64,
        DataType::Boolean,
        DataType::Date32,
        Type::LocalDateTime.to_arrow(),
    ];
    candidates
        .into_iter()
        .find(|data_type| sample.iter().all(|text| parse_fits(text, data_type)))
        .unwrap_or(DataType::Utf8)
}

fn parse_fits(text: &str, data_type: &DataType) -> bool {
    match data_type {
        DataType::Int64 => text.parse::<i64>().is_ok() && !is_code(text.as_bytes()),
        DataType::Float64 => {
            let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
            // A long row of digits is a number that a float would not keep.
            let is_long = text.len() > 18 && text.bytes().all(|byte| byte.is_ascii_digit());
            has_digit && !is_long && text.parse::<f64>().is_ok() && !is_code(text.as_bytes())
        }
        DataType::Boolean => {
            text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
        }
        DataType::Date32 => text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok(),
        _ => {
            text.len() >= 16
                && text
                    .replace(' ', "T")
                    .parse::<chrono::NaiveDateTime>()
                    .is_ok()
        }
    }
}

/// Whether a text of digits begins with a zero that a number would not have.
fn is_code(text: &[u8]) -> bool {
    matches!(text, [b'0', next, ..] | [b'-', b'0', next, ..] if next.is_ascii_digit())
}
