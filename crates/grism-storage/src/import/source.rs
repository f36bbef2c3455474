//! Reading files: CSV, Parquet and Arrow IPC, as batches whose columns have Grism's types.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type, nearest};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Rows read at a time.
const BATCH_ROWS: usize = 1 << 16;
/// Rows from which the types of a CSV file's columns are told.
const SAMPLE_ROWS: usize = 1_000;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values, or another delimiter.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, file or stream.
    Arrow,
}

impl FileFormat {
    /// The format called `name`, in any case.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Ok(Self::Csv),
            "parquet" | "pq" => Ok(Self::Parquet),
            "arrow" | "feather" | "ipc" | "arrows" => Ok(Self::Arrow),
            other => {
                let hint = nearest(other, ["csv", "parquet", "arrow"])
                    .map(|near| format!("; did you mean {near}?"));
                Err(Error::unsupported(format!(
                    "the file format `{other}` is not supported, csv, parquet and arrow are{}",
                    hint.unwrap_or_default()
                )))
            }
        }
    }
}

/// How files are read.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The form of the file; `None` goes by the ending of its name.
    pub format: Option<FileFormat>,
    /// What stands between the values of a CSV file.
    pub delimiter: u8,
    /// Whether the first line of a CSV file names its columns.
    pub header: bool,
    /// The text that stands for null in a CSV file, beside the empty text.
    pub null: Option<String>,
    /// Types of columns that are not to be told from a CSV file's first rows.
    pub types: BTreeMap<String, Type>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            format: None,
            delimiter: b',',
            header: true,
            null: None,
            types: BTreeMap::new(),
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// `NotFound` for a missing file; `InvalidData`, with line and column, for one that cannot be read; `Unsupported` for
/// an unknown format.
pub fn read_source(path: &Path, options: &ImportOptions) -> Result<Vec<RecordBatch>> {
    let format = match options.format {
        Some(format) => format,
        None => {
            let ending = path
                .extension()
                .and_then(|ending| ending.to_str())
                .unwrap_or_default();
            if ending.is_empty() {
                let message = format!(
                    "{} has no ending that tells its format; name the format",
                    path.display()
                );
                return Err(Error::invalid_data(message));
            }
            FileFormat::from_name(ending).map_err(|error| error.context(path.display()))?
        }
    };
    let file = File::open(path).map_err(|error| Error::from(error).context(path.display()))?;
    let broken =
        |error: &dyn std::fmt::Display| Error::invalid_data(format!("{}: {error}", path.display()));
    match format {
        FileFormat::Csv => read_csv(path, options),
        FileFormat::Parquet => ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(BATCH_ROWS).build())
            .map_err(|error| broken(&error))?
            .collect::<Result<_, _>>()
            .map_err(|error| broken(&error)),
        FileFormat::Arrow => match FileReader::try_new(file, None) {
            Ok(reader) => reader
                .collect::<Result<_, _>>()
                .map_err(|error| broken(&error)),
            // Not the file form: perhaps a stream.
            Err(_) => StreamReader::try_new(std::io::BufReader::new(File::open(path)?), None)
                .and_then(Iterator::collect)
                .map_err(|error| broken(&error)),
        },
    }
}

/// Reads CSV as text first, so that a value that does not fit is named with its line and column.
fn read_csv(path: &Path, options: &ImportOptions) -> Result<Vec<RecordBatch>> {
    let names = csv_columns(path, options)?;
    let schema = Arc::new(Schema::new(
        names
            .iter()
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect::<Vec<_>>(),
    ));
    let broken =
        |error: &dyn std::fmt::Display| Error::invalid_data(format!("{}: {error}", path.display()));
    let reader = ReaderBuilder::new(Arc::clone(&schema))
        .with_header(options.header)
        .with_delimiter(options.delimiter)
        .with_batch_size(BATCH_ROWS)
        .build(std::io::BufReader::new(File::open(path)?))
        .map_err(|error| broken(&error))?;
    let texts: Vec<RecordBatch> = reader
        .collect::<Result<_, _>>()
        .map_err(|error| broken(&error))?;
    let Some(first) = texts.first() else {
        return Ok(vec![RecordBatch::new_empty(schema)]);
    };
    let types: Vec<DataType> = names
        .iter()
        .zip(first.columns())
        .map(|(name, column)| match options.types.get(name) {
            Some(ty) => ty.to_arrow(),
            None => told_type(&nulled(column, options).slice(0, column.len().min(SAMPLE_ROWS))),
        })
        .collect();
    let fields: Vec<Field> = names
        .iter()
        .zip(&types)
        .map(|(name, data_type)| Field::new(name, data_type.clone(), true))
        .collect();
    let typed = Arc::new(Schema::new(fields));
    let mut first_row = 0;
    let mut batches = Vec::new();
    for batch in texts {
        let columns = batch
            .columns()
            .iter()
            .zip(typed.fields())
            .map(|(column, field)| {
                convert(path, options, &nulled(column, options), field, first_row)
            })
            .collect::<Result<Vec<_>>>()?;
        first_row += batch.num_rows();
        batches.push(RecordBatch::try_new(Arc::clone(&typed), columns)?);
    }
    Ok(batches)
}

fn csv_columns(path: &Path, options: &ImportOptions) -> Result<Vec<String>> {
    let format = arrow::csv::reader::Format::default()
        .with_header(options.header)
        .with_delimiter(options.delimiter);
    let (schema, _) = format
        .infer_schema(std::io::BufReader::new(File::open(path)?), Some(1))
        .map_err(|error| Error::invalid_data(format!("{}: {error}", path.display())))?;
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().trim_start_matches('\u{feff}').to_owned())
        .collect();
    if names.is_empty() {
        return Err(Error::invalid_data(format!(
            "{} is empty: a header line was expected",
            path.display()
        )));
    }
    Ok(names)
}

/// Texts with the null text, and the empty one, made null.
fn nulled(column: &ArrayRef, options: &ImportOptions) -> StringArray {
    let Some(texts) = column.as_any().downcast_ref::<StringArray>() else {
        return StringArray::new_null(column.len());
    };
    texts
        .iter()
        .map(|text| text.filter(|text| !text.is_empty() && options.null.as_deref() != Some(*text)))
        .collect()
}

/// The narrowest type that every text of a sample fits.
fn told_type(sample: &StringArray) -> DataType {
    let mut texts = sample.iter().flatten().peekable();
    if texts.peek().is_none() {
        return DataType::Utf8;
    }
    let fits = |data_type: &DataType| {
        sample
            .iter()
            .flatten()
            .all(|text| parse_fits(text, data_type))
    };
    let candidates = [
        DataType::Int64,
        DataType::Float64,
        DataType::Boolean,
        DataType::Date32,
        Type::LocalDateTime.to_arrow(),
    ];
    candidates.into_iter().find(fits).unwrap_or(DataType::Utf8)
}

fn parse_fits(text: &str, data_type: &DataType) -> bool {
    match data_type {
        // A leading zero is part of a code, not of a number.
        DataType::Int64 => {
            text.parse::<i64>().is_ok()
                && !(text.len() > 1 && text.trim_start_matches('-').starts_with('0'))
        }
        DataType::Float64 => {
            text.parse::<f64>().is_ok() && text.bytes().any(|byte| byte.is_ascii_digit())
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

fn convert(
    path: &Path,
    options: &ImportOptions,
    texts: &StringArray,
    field: &Field,
    first_row: usize,
) -> Result<ArrayRef> {
    if field.data_type() == &DataType::Utf8 {
        return Ok(Arc::new(texts.clone()));
    }
    let converted = cast_with_options(
        texts,
        field.data_type(),
        &CastOptions {
            safe: true,
            ..CastOptions::default()
        },
    )?;
    let wrong = (0..texts.len()).find(|row| texts.is_valid(*row) && converted.is_null(*row));
    match wrong {
        None => Ok(converted),
        Some(row) => {
            let line = first_row + row + 1 + usize::from(options.header);
            let wanted = Type::from_arrow(field.data_type())?;
            Err(Error::invalid_data(format!(
                "{}, line {line}, column `{}`: '{}' is no {wanted}",
                PathBuf::from(path).display(),
                field.name(),
                texts.value(row)
            )))
        }
    }
}
