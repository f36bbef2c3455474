//! Results in the form that was asked for, batch by batch.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;
use grism::{Error, QueryResult, Result, Value, is_dynamic, plain, plain_batches};
use parquet::arrow::ArrowWriter;

use crate::arguments::Format;

pub(crate) async fn write_result(result: QueryResult, format: Option<Format>) -> Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let format = format.unwrap_or(if terminal { Format::Table } else { Format::Csv });
    if terminal && matches!(format, Format::Arrow | Format::Parquet) {
        return Err(Error::invalid_query(
            "this format is not for a terminal: send the output to a file",
        ));
    }
    match write(result, format).await {
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Failure::Output(error)) => Err(Error::from(error)),
        Err(Failure::Query(error)) => Err(error),
        Ok(()) => Ok(()),
    }
}

/// Writes a text and a line's end; a reader that has seen enough is no error.
pub(crate) fn write_text(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::from(error)),
        _ => Ok(()),
    }
}

enum Failure {
    Query(Error),
    Output(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Query(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

fn arrow_failure(error: arrow::error::ArrowError) -> Failure {
    match error {
        arrow::error::ArrowError::IoError(_, error) => Failure::Output(error),
        other => Failure::Query(other.into()),
    }
}

async fn write(result: QueryResult, format: Format) -> Result<(), Failure> {
    let mut output = std::io::BufWriter::new(std::io::stdout());
    let written = result.written;
    let mut schema = Arc::clone(result.schema().arrow());
    let mut stream = result.into_stream();
    let dynamic = schema
        .fields()
        .iter()
        .any(|field| is_dynamic(field.data_type()));
    if dynamic && !matches!(format, Format::Json) {
        // What type such a column has for other readers is known when all its values are.
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        let (plain, batches) = plain_batches(&schema, &batches)?;
        schema = plain;
        stream = Box::pin(futures::stream::iter(batches.into_iter().map(Ok)));
    }
    if let Some(counts) = written {
        let said: Vec<String> = counts
            .named()
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{}: {count}", name.replace('_', " ")))
            .collect();
        if !said.is_empty() {
            eprintln!("{}", said.join(", "));
        }
        if schema.fields().is_empty() {
            return Ok(());
        }
    }
    match format {
        Format::Table => {
            let batches: Vec<RecordBatch> = stream.try_collect().await?;
            let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            let shown = if batches.is_empty() {
                vec![RecordBatch::new_empty(schema)]
            } else {
                batches
            };
            writeln!(
                output,
                "{}",
                pretty_format_batches(&shown).map_err(arrow_failure)?
            )?;
            writeln!(output, "{rows} rows")?;
        }
        Format::Csv => {
            let nested = schema
                .fields()
                .iter()
                .any(|field| field.data_type().is_nested());
            if nested {
                return Err(Error::unsupported(
                    "lists, maps and entities in CSV; take --format json",
                )
                .into());
            }
            let names: Vec<&str> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            let mut header = true;
            while let Some(batch) = stream.try_next().await? {
                let mut writer = arrow::csv::WriterBuilder::new()
                    .with_header(header)
                    .build(&mut output);
                writer.write(&batch).map_err(arrow_failure)?;
                header = false;
            }
            if header {
                writeln!(output, "{}", names.join(","))?;
            }
        }
        Format::Json => {
            while let Some(batch) = stream.try_next().await? {
                for row in 0..batch.num_rows() {
                    let mut object = serde_json::Map::new();
                    for (field, column) in schema.fields().iter().zip(batch.columns()) {
                        object.insert(field.name().clone(), json_cell(column, row)?);
                    }
                    writeln!(output, "{}", serde_json::Value::Object(object))?;
                }
            }
        }
        Format::Arrow => {
            let mut writer = arrow::ipc::writer::StreamWriter::try_new(&mut output, &schema)
                .map_err(arrow_failure)?;
            while let Some(batch) = stream.try_next().await? {
                writer.write(&batch).map_err(arrow_failure)?;
            }
            writer.finish().map_err(arrow_failure)?;
        }
        Format::Parquet => {
            let failed = |error: parquet::errors::ParquetError| {
                Failure::Query(Error::invalid_data(error.to_string()))
            };
            let mut bytes = Vec::new();
            let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).map_err(failed)?;
            while let Some(batch) = stream.try_next().await? {
                writer.write(&batch).map_err(failed)?;
            }
            writer.close().map_err(failed)?;
            output.write_all(&bytes)?;
        }
    }
    output.flush()?;
    Ok(())
}

fn json_cell(column: &dyn Array, row: usize) -> Result<serde_json::Value> {
    // Dates and times are written as Arrow displays them.
    if matches!(
        column.data_type(),
        DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_)
    ) && column.is_valid(row)
    {
        let text = arrow::util::display::array_value_to_string(column, row)?;
        return Ok(serde_json::Value::String(text));
    }
    Ok(json_value(plain(Value::from_array(column, row)?)))
}

fn json_value(value: Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Int64(value) => value.into(),
        // JSON has no infinities and no NaN.
        Value::Float64(value) => serde_json::Number::from_f64(value)
            .map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::String(value) => value.into(),
        Value::List(items) => items.into_iter().map(json_value).collect(),
        Value::Map(entries) => serde_json::Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, json_value(value)))
                .collect(),
        ),
        other => other.to_string().into(),
    }
}
