//! JSON lines: the columns of a file, and pieces of it as batches.

use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use arrow::json::reader::infer_json_schema;
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type, widen_column};

use super::options::ImportOptions;
use super::parsed::{Parsed, Places};
use super::rejects::Rejected;
use super::text::TextPiece;

/// Tells the columns from the first piece of a file: every name in it, with a type that all its values fit.
pub(super) fn told_columns(piece: &TextPiece, options: &ImportOptions) -> Result<SchemaRef> {
    let told = match infer_json_schema(Cursor::new(&piece.bytes), None) {
        Ok((told, _)) => told,
        // Lines that are no JSON are told when they are parsed; the others say what columns there are.
        Err(_) => {
            let lines = piece.bytes.split(|byte| *byte == b'\n');
            let whole: Vec<&[u8]> = lines
                .filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok())
                .collect();
            let whole = whole.join(&b'\n');
            let told = infer_json_schema(Cursor::new(&whole), None);
            told.map_err(|error| piece.file.broken(&error))?.0
        }
    };
    let mut fields: Vec<Field> = Vec::new();
    for field in told.fields() {
        let data_type = match options.types.get(field.name()) {
            Some(ty) => ty.to_arrow(),
            None if field.data_type() == &DataType::Null => DataType::Utf8,
            None => field.data_type().clone(),
        };
        fields.push(Field::new(field.name(), data_type, true));
    }
    for (name, ty) in &options.types {
        if told.field_with_name(name).is_err() {
            fields.push(Field::new(name, ty.to_arrow(), true));
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn decode(schema: &SchemaRef, bytes: &[u8], rows: usize) -> Result<Option<RecordBatch>, String> {
    let mut decoder = ReaderBuilder::new(read_as(schema))
        .with_strict_mode(true)
        .with_coerce_primitive(true)
        .with_batch_size(rows.max(1))
        .build_decoder()
        .map_err(|error| error.to_string())?;
    let read = decoder.decode(bytes).map_err(|error| error.to_string())?;
    if read < bytes.len() {
        return Err("several objects in one line".to_owned());
    }
    match decoder.flush().map_err(|error| error.to_string())? {
        Some(batch) => {
            let batch = with_vectors(&batch, schema).map_err(|error| error.message().to_owned())?;
            Ok(Some(batch))
        }
        None => Ok(None),
    }
}

/// The schema that objects are decoded by: vectors are lists at first, of any length.
fn read_as(schema: &SchemaRef) -> SchemaRef {
    let is_vector = |field: &Arc<Field>| matches!(field.data_type(), DataType::FixedSizeList(..));
    if !schema.fields().iter().any(is_vector) {
        return Arc::clone(schema);
    }
    let list = Type::Float64.list().to_arrow();
    let fields = schema.fields().iter().map(|field| {
        if is_vector(field) {
            Field::new(field.name(), list.clone(), true)
        } else {
            field.as_ref().clone()
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The batch with lists as the vectors that the schema asks for.
fn with_vectors(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns
        .map(
            |(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => widen_column(column, field.data_type())
                    .map_err(|error| error.context(format!("column `{}`", field.name()))),
            },
        )
        .collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Parses a piece. A line that does not fit is among the rejected ones.
pub(super) fn parse(schema: &SchemaRef, piece: &TextPiece) -> Result<Parsed> {
    let lines: Vec<(u64, &[u8])> = (piece.line..)
        .zip(piece.bytes.split(|byte| *byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .collect();
    let mut places = Places::lines(&piece.file.name, piece.line);
    if let Ok(batch) = decode(schema, &piece.bytes, lines.len()) {
        let batch = batch.unwrap_or_else(|| RecordBatch::new_empty(Arc::clone(schema)));
        // Objects that span lines, or share one, have no line of their own.
        if batch.num_rows() == lines.len() {
            lines.iter().for_each(|(line, _)| places.push(*line));
            return Ok(Parsed {
                batch,
                places,
                rejected: Vec::new(),
            });
        }
    }
    let mut batches = Vec::new();
    let mut rejected = Vec::new();
    for (number, line) in lines {
        match decode(schema, line, 1) {
            Ok(Some(batch)) if batch.num_rows() == 1 => {
                batches.push(batch);
                places.push(number);
            }
            Ok(_) => {}
            Err(reason) => rejected.push(Rejected {
                file: piece.file.name.clone(),
                line: number,
                reason: reason.trim_start_matches("Json error: ").to_owned(),
                fields: vec![String::from_utf8_lossy(line).into_owned()],
            }),
        }
    }
    Ok(Parsed {
        batch: arrow::compute::concat_batches(schema, &batches)?,
        places,
        rejected,
    })
}
