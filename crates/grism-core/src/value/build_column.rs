//! Arrow columns made of values.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, FixedSizeListArray, Float32Array,
    Float64Array, Int64Array, LargeBinaryBuilder, ListArray, NullArray, StringArray, StructArray,
    Time64NanosecondArray, TimestampNanosecondArray, UInt64Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, FieldRef, Fields};

use super::Value;
use super::any::encode_any;
use crate::{Error, ErrorKind, Result};

/// A column of the values, all of type `data_type` or null.
pub(super) fn column(values: &[&Value], data_type: &DataType) -> Result<ArrayRef> {
    match data_type {
        DataType::Null => Ok(Arc::new(NullArray::new(values.len()))),
        DataType::LargeBinary => Ok(tagged(values)),
        DataType::Date32 | DataType::Time64(_) | DataType::Timestamp(..) => {
            times(values, data_type)
        }
        DataType::List(item) => lists(values, item, data_type),
        DataType::FixedSizeList(item, dimensions) => vectors(values, item, *dimensions),
        DataType::Struct(fields) => structs(values, fields, data_type),
        other => plain(values, other),
    }
}

/// A cell of each value that is not null.
fn cells<T, A: FromIterator<Option<T>>>(
    values: &[&Value],
    data_type: &DataType,
    cell: impl Fn(&Value) -> Option<T>,
) -> Result<A> {
    let cells = values.iter().map(|value| match value {
        Value::Null => Ok(None),
        value => match cell(value) {
            Some(cell) => Ok(Some(cell)),
            None => Err(mismatch(value, data_type)),
        },
    });
    cells.collect()
}

/// Values of any type, each with its tag.
fn tagged(values: &[&Value]) -> ArrayRef {
    let mut builder = LargeBinaryBuilder::new();
    for value in values {
        if value.is_null() {
            builder.append_null();
        } else {
            builder.append_value(encode_any(value));
        }
    }
    Arc::new(builder.finish())
}

fn plain(values: &[&Value], data_type: &DataType) -> Result<ArrayRef> {
    macro_rules! column {
        ($array:ty, $pattern:pat => $cell:expr) => {{
            let cell = |value: &Value| match value {
                $pattern => Some($cell),
                _ => None,
            };
            Arc::new(cells::<_, $array>(values, data_type, cell)?)
        }};
    }
    Ok(match data_type {
        DataType::Boolean => column!(BooleanArray, Value::Bool(value) => *value),
        DataType::Int64 => column!(Int64Array, Value::Int64(value) => *value),
        DataType::UInt64 => {
            let ids = |value: &Value| match value {
                Value::Node(_) | Value::Hyperedge(_) => value.entity_id(),
                _ => None,
            };
            Arc::new(cells::<_, UInt64Array>(values, data_type, ids)?)
        }
        DataType::Float64 => column!(Float64Array, Value::Float64(value) => *value),
        DataType::Utf8 => {
            let texts = values.iter().map(|value| match value {
                Value::String(text) => text.len(),
                _ => 0,
            });
            check_offset(texts.sum())?;
            column!(StringArray, Value::String(value) => value.clone())
        }
        DataType::Binary => column!(BinaryArray, Value::Bytes(value) => value.clone()),
        other if values.iter().all(|value| value.is_null()) => new_null_array(other, values.len()),
        other => {
            return Err(Error::internal(format!(
                "no values of the Arrow type {other}"
            )));
        }
    })
}

fn times(values: &[&Value], data_type: &DataType) -> Result<ArrayRef> {
    type Instants = TimestampNanosecondArray;
    Ok(match data_type {
        DataType::Date32 => {
            let days = |value: &Value| match value {
                Value::Date(days) => i32::try_from(*days).ok(),
                _ => None,
            };
            Arc::new(cells::<_, Date32Array>(values, data_type, days)?)
        }
        DataType::Timestamp(_, None) => {
            let nanos = |value: &Value| match value {
                Value::LocalDateTime(local) => local.to_nanos(),
                _ => None,
            };
            Arc::new(cells::<_, Instants>(values, data_type, nanos)?)
        }
        DataType::Timestamp(_, Some(_)) => {
            let nanos = |value: &Value| match value {
                Value::DateTime(instant) => instant.utc().to_nanos(),
                _ => None,
            };
            Arc::new(cells::<_, Instants>(values, data_type, nanos)?.with_timezone("UTC"))
        }
        _ => {
            let nanos = |value: &Value| match value {
                Value::LocalTime(nanos) => Some(*nanos),
                _ => None,
            };
            Arc::new(cells::<_, Time64NanosecondArray>(values, data_type, nanos)?)
        }
    })
}

fn lists(values: &[&Value], item: &FieldRef, data_type: &DataType) -> Result<ArrayRef> {
    let mut lengths = Vec::with_capacity(values.len());
    let mut flat = Vec::new();
    for value in values {
        match value {
            Value::Null => lengths.push(0),
            Value::List(items) => {
                lengths.push(items.len());
                flat.extend(items.iter());
            }
            other => return Err(mismatch(other, data_type)),
        }
    }
    check_offset(flat.len())?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(item),
        OffsetBuffer::from_lengths(lengths),
        column(&flat, item.data_type())?,
        Some(known(values)),
    )?))
}

fn structs(values: &[&Value], fields: &Fields, data_type: &DataType) -> Result<ArrayRef> {
    if fields.is_empty() {
        let structs = StructArray::new_empty_fields(values.len(), Some(known(values)));
        return Ok(Arc::new(structs));
    }
    let columns = fields.iter().map(|field| {
        let cells = values.iter().map(|value| match value {
            Value::Null => Ok(Value::Null),
            Value::Map(entries) => Ok(entries.get(field.name()).cloned().unwrap_or(Value::Null)),
            Value::Incidence(incidence) => Ok(incidence.part(field.name())),
            other => Err(mismatch(other, data_type)),
        });
        let cells = cells.collect::<Result<Vec<Value>>>()?;
        column(&cells.iter().collect::<Vec<_>>(), field.data_type())
    });
    Ok(Arc::new(StructArray::try_new(
        fields.clone(),
        columns.collect::<Result<_>>()?,
        Some(known(values)),
    )?))
}

/// Which values are not null.
fn known(values: &[&Value]) -> NullBuffer {
    values.iter().map(|value| !value.is_null()).collect()
}

/// Fails past what the 32-bit offsets of a column reach.
fn check_offset(end: usize) -> Result<()> {
    if i32::try_from(end).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResourceExhausted,
        format!("{end} bytes or elements do not fit into one column"),
    ))
}

/// Lists of numbers as vectors of `dimensions` numbers each.
fn vectors(values: &[&Value], item: &FieldRef, dimensions: i32) -> Result<ArrayRef> {
    let mut numbers: Vec<f32> = Vec::with_capacity(values.len() * dimensions.max(0) as usize);
    for value in values {
        let items = match value {
            Value::Null => {
                numbers.resize(numbers.len() + dimensions.max(0) as usize, 0.0);
                continue;
            }
            Value::List(items) if items.len() as i64 == i64::from(dimensions) => items,
            Value::List(items) => return Err(wrong_dimensions(items.len(), dimensions)),
            other => {
                return Err(Error::invalid_data(format!(
                    "the value {other} is no vector: a list of {dimensions} numbers is"
                )));
            }
        };
        for number in items {
            match number.to_vector_element() {
                Some(told) => numbers.push(told),
                None => {
                    return Err(Error::invalid_data(format!(
                        "{number} is no finite number, as every element of a vector is"
                    )));
                }
            }
        }
    }
    let nulls: NullBuffer = values.iter().map(|value| !value.is_null()).collect();
    Ok(Arc::new(FixedSizeListArray::try_new(
        Arc::clone(item),
        dimensions,
        Arc::new(Float32Array::from(numbers)),
        Some(nulls),
    )?))
}

pub(super) fn wrong_dimensions(found: usize, dimensions: i32) -> Error {
    Error::invalid_data(format!(
        "a list of {found} numbers is no vector of {dimensions}"
    ))
}

fn mismatch(value: &Value, data_type: &DataType) -> Error {
    let wanted = match data_type {
        DataType::Boolean => "a boolean",
        DataType::Int64 => "an integer",
        DataType::Float64 => "a number",
        DataType::Utf8 => "a text",
        DataType::List(_) => "a list",
        other => {
            let message = format!("the value {value} is not of the type {other}");
            return Error::invalid_data(message).with_code("TypeError:InvalidArgumentType");
        }
    };
    Error::invalid_data(format!("{wanted} is needed, not {value}"))
        .with_code("TypeError:InvalidArgumentType")
}
