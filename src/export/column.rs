//! Columns of a shape.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DurationNanosecondArray, Float64Array, IntervalMonthDayNanoArray,
    ListArray, StringArray, StructArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, IntervalMonthDayNano, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::temporal::LocalDateTime;
use grism_core::{Error, ErrorKind, Result, Type, Value};

use super::PlainForm;
use super::plain_value::plain;
use super::shape::{Reach, Shape, fixed_nanos, interval};

/// What an empty map is where Arrow's structs without fields are not known.
const EMPTY_MAP: &str = "{}";

/// A column of values of the shape.
pub(super) fn column(values: &[Value], shape: &Shape, form: PlainForm) -> Result<ArrayRef> {
    build(&values.iter().collect::<Vec<_>>(), shape, form)
}

fn build(values: &[&Value], shape: &Shape, form: PlainForm) -> Result<ArrayRef> {
    let nulls = || -> NullBuffer { values.iter().map(|value| !value.is_null()).collect() };
    match shape {
        Shape::Null => leaf(values, &Type::Null),
        Shape::Plain(ty) => leaf(values, ty),
        Shape::Integers { .. } => leaf(values, &Type::Int64),
        // A text tells an integer from a float.
        Shape::Numbers if form == PlainForm::Text => texts(values),
        Shape::Numbers => Ok(floats(values)),
        Shape::Text => texts(values),
        Shape::Local(reach) => Ok(times(values, *reach, None)),
        Shape::Zoned(zone, reach) if form.has_zones() || !zone.contains('/') => {
            Ok(times(values, *reach, Some(zone)))
        }
        Shape::Zoned(..) => texts(values),
        Shape::Duration { fixed } => match form {
            PlainForm::Arrow => Ok(intervals(values)),
            PlainForm::Polars if *fixed => Ok(lengths(values)),
            _ => texts(values),
        },
        Shape::List(item) => {
            let mut lengths = Vec::with_capacity(values.len());
            let mut flat = Vec::new();
            for value in values {
                match value {
                    Value::List(items) => {
                        lengths.push(items.len());
                        flat.extend(items);
                    }
                    _ => lengths.push(0),
                }
            }
            if i32::try_from(flat.len()).is_err() {
                let message = format!("{} elements do not fit into one column", flat.len());
                return Err(Error::new(ErrorKind::ResourceExhausted, message));
            }
            let inner = build(&flat, item, form)?;
            let field = Field::new_list_field(inner.data_type().clone(), true);
            Ok(Arc::new(ListArray::try_new(
                Arc::new(field),
                OffsetBuffer::from_lengths(lengths),
                inner,
                Some(nulls()),
            )?))
        }
        Shape::Map(_, fields) if fields.is_empty() => {
            let empty = StructArray::new_empty_fields(values.len(), Some(nulls()));
            Ok(match form.has_empty_structs() {
                true => Arc::new(empty),
                false => Arc::new(empty_maps(&empty)),
            })
        }
        Shape::Map(_, fields) => {
            let maps: Vec<Value> = values
                .iter()
                .map(|value| (*value).clone().into_parts())
                .collect();
            let (mut named, mut columns) = (Vec::new(), Vec::new());
            for (key, shape) in fields {
                let cells: Vec<&Value> = maps
                    .iter()
                    .map(|map| match map {
                        Value::Map(entries) => entries.get(key).unwrap_or(&Value::Null),
                        _ => &Value::Null,
                    })
                    .collect();
                let column = build(&cells, shape, form)?;
                named.push(Field::new(key, column.data_type().clone(), true));
                columns.push(column);
            }
            Ok(Arc::new(StructArray::try_new(
                Fields::from(named),
                columns,
                Some(nulls()),
            )?))
        }
    }
}

fn leaf(values: &[&Value], ty: &Type) -> Result<ArrayRef> {
    let values: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
    Value::column(&values, &ty.to_arrow())
}

fn texts(values: &[&Value]) -> Result<ArrayRef> {
    let texts: Vec<Value> = values
        .iter()
        .map(|value| match value {
            Value::Null => Value::Null,
            other => Value::String(text_of((*other).clone())),
        })
        .collect();
    Value::column(&texts, &DataType::Utf8)
}

/// The text of a value that has no other type: a text is itself.
pub(super) fn text_of(value: Value) -> String {
    match plain(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Integers and floats, each of which is a float.
fn floats(values: &[&Value]) -> ArrayRef {
    let numbers = values.iter().map(|value| match value {
        Value::Int64(number) => Some(*number as f64),
        Value::Float64(number) => Some(*number),
        _ => None,
    });
    Arc::new(numbers.collect::<Float64Array>())
}

/// Times in the unit that reaches all of them, as clocks in UTC show them where there is a zone.
fn times(values: &[&Value], reach: Reach, zone: Option<&str>) -> ArrayRef {
    let utc = |value: &&Value| -> Option<LocalDateTime> {
        match value {
            Value::LocalDateTime(local) => Some(*local),
            Value::DateTime(instant) => Some(instant.utc()),
            _ => None,
        }
    };
    let zone = zone.map(Arc::<str>::from);
    if reach.is_far() {
        let micros = |at: LocalDateTime| {
            let days = at.days.checked_mul(86_400_000_000)?;
            days.checked_add(at.nanos / 1_000)
        };
        let counts = values.iter().map(|value| utc(value).and_then(micros));
        let counts: TimestampMicrosecondArray = counts.collect();
        return Arc::new(counts.with_timezone_opt(zone));
    }
    let counts = values.iter().map(|value| utc(value)?.to_nanos());
    let counts: TimestampNanosecondArray = counts.collect();
    Arc::new(counts.with_timezone_opt(zone))
}

fn intervals(values: &[&Value]) -> ArrayRef {
    let parts = values.iter().map(|value| match value {
        Value::Duration(duration) => interval(duration)
            .map(|(months, days, nanos)| IntervalMonthDayNano::new(months, days, nanos)),
        _ => None,
    });
    Arc::new(parts.collect::<IntervalMonthDayNanoArray>())
}

fn lengths(values: &[&Value]) -> ArrayRef {
    let counts = values.iter().map(|value| match value {
        Value::Duration(duration) => fixed_nanos(duration),
        _ => None,
    });
    Arc::new(counts.collect::<DurationNanosecondArray>())
}

fn empty_maps(structs: &dyn Array) -> StringArray {
    let texts = (0..structs.len()).map(|row| (!structs.is_null(row)).then_some(EMPTY_MAP));
    texts.collect()
}

/// The schema with a text in place of each struct without fields.
pub(super) fn without_empty_structs(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields: Vec<Field> = fields
        .map(|field| {
            let data_type = without_empty_type(field.data_type());
            field.as_ref().clone().with_data_type(data_type)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn without_empty_type(data_type: &DataType) -> DataType {
    let inner = |field: &Field| {
        let data_type = without_empty_type(field.data_type());
        field.clone().with_data_type(data_type)
    };
    match data_type {
        DataType::Struct(fields) if fields.is_empty() => DataType::Utf8,
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| inner(field)).collect())
        }
        DataType::List(item) => DataType::List(Arc::new(inner(item))),
        other => other.clone(),
    }
}

/// The rows in the schema that [`without_empty_structs`] gives.
pub(super) fn with_texts_for_empty(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .map(with_text)
        .collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

fn with_text(column: &ArrayRef) -> Result<ArrayRef> {
    let wanted = without_empty_type(column.data_type());
    if &wanted == column.data_type() {
        return Ok(Arc::clone(column));
    }
    match (&wanted, column.data_type()) {
        (DataType::Struct(fields), _) => {
            let structs = column.as_struct();
            let columns = structs.columns().iter().map(with_text);
            Ok(Arc::new(StructArray::try_new(
                fields.clone(),
                columns.collect::<Result<_>>()?,
                structs.nulls().cloned(),
            )?))
        }
        (DataType::List(item), _) => {
            let lists = column.as_list::<i32>();
            Ok(Arc::new(ListArray::try_new(
                Arc::clone(item),
                lists.offsets().clone(),
                with_text(lists.values())?,
                lists.nulls().cloned(),
            )?))
        }
        _ => Ok(Arc::new(empty_maps(column.as_ref()))),
    }
}
