//! Values in Arrow columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, FixedSizeListArray,
    Float32Array, Float64Array, Int64Array, LargeBinaryArray, LargeBinaryBuilder, ListArray,
    NullArray, StringArray, StructArray, Time64NanosecondArray, TimestampNanosecondArray,
    UInt32Array, UInt64Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type};

use super::any::{decode_any, encode_any};
use super::{HyperedgeValue, IncidenceValue, Value};
use crate::temporal::{DateTime, LocalDateTime};
use crate::{EntityId, Error, ErrorKind, Result, Type};

impl Value {
    /// A column of `rows` copies of the value, of its narrowest type.
    ///
    /// # Errors
    /// `Internal` where the value does not fit its own type.
    pub fn to_array(&self, rows: usize) -> Result<ArrayRef> {
        let one = column(&[self], &self.type_of().to_arrow())?;
        if rows == 1 {
            return Ok(one);
        }
        Ok(arrow::compute::take(
            &one,
            &UInt32Array::from(vec![0; rows]),
            None,
        )?)
    }

    /// A column of the values, all of type `data_type` or null; any value fits a dynamically typed column.
    ///
    /// # Errors
    /// `InvalidData` where a value is not of the type.
    pub fn column(values: &[Self], data_type: &DataType) -> Result<ArrayRef> {
        column(&values.iter().collect::<Vec<_>>(), data_type)
    }

    /// Reads row `row` of `array`, in which every id is taken for a node's.
    ///
    /// # Errors
    /// `Unsupported` for an Arrow type that no value holds.
    pub fn from_array(array: &dyn Array, row: usize) -> Result<Self> {
        read(array, row, None)
    }

    /// Reads row `row` of `array`, a column of the type `ty`: ids are nodes and hyperedges.
    ///
    /// # Errors
    /// `Unsupported` for an Arrow type that no value holds.
    pub fn from_typed(array: &dyn Array, row: usize, ty: &Type) -> Result<Self> {
        read(array, row, Some(ty))
    }
}

pub(super) fn read(array: &dyn Array, row: usize, ty: Option<&Type>) -> Result<Value> {
    if array.data_type() == &DataType::Null || array.is_null(row) {
        return Ok(Value::Null);
    }
    let any = array.as_any();
    macro_rules! cell {
        ($array:ty) => {
            any.downcast_ref::<$array>().map(|array| array.value(row))
        };
    }
    let found = match array.data_type() {
        DataType::Boolean => cell!(BooleanArray).map(Value::Bool),
        DataType::Int64 => cell!(Int64Array).map(Value::Int64),
        DataType::UInt64 => cell!(UInt64Array).map(|id| match ty {
            Some(Type::Hyperedge(_)) => Value::hyperedge(id),
            Some(Type::Entity { hyperedges, .. })
                if hyperedges.contains(&EntityId::from_raw(id).table()) =>
            {
                Value::hyperedge(id)
            }
            _ => Value::node(id),
        }),
        DataType::UInt32 => cell!(UInt32Array).map(|value| Value::Int64(i64::from(value))),
        DataType::Float64 => cell!(Float64Array).map(Value::Float64),
        DataType::Utf8 => cell!(StringArray).map(|value| Value::String(value.to_owned())),
        DataType::Binary => cell!(BinaryArray).map(|value| Value::Bytes(value.to_owned())),
        DataType::LargeBinary => match any.downcast_ref::<LargeBinaryArray>() {
            Some(array) => Some(decode_any(array.value(row))?),
            None => None,
        },
        DataType::Date32 => cell!(Date32Array).map(|days| Value::Date(i64::from(days))),
        DataType::Time64(_) => cell!(Time64NanosecondArray).map(Value::LocalTime),
        DataType::Timestamp(_, None) => cell!(TimestampNanosecondArray)
            .map(|nanos| Value::LocalDateTime(LocalDateTime::from_nanos(nanos))),
        DataType::Timestamp(_, Some(_)) => cell!(TimestampNanosecondArray).map(|nanos| {
            Value::DateTime(Box::new(DateTime {
                local: LocalDateTime::from_nanos(nanos),
                offset: 0,
                zone: None,
            }))
        }),
        DataType::List(_) => {
            let items = cell!(ListArray).ok_or_else(|| Error::internal("a list column"))?;
            let inner = match ty {
                Some(Type::List(item)) => Some(&**item),
                _ => None,
            };
            let items: Vec<Value> = (0..items.len())
                .map(|index| read(&items, index, inner))
                .collect::<Result<_>>()?;
            Some(Value::List(items))
        }
        DataType::FixedSizeList(..) => {
            let numbers = cell!(FixedSizeListArray);
            let numbers = numbers
                .as_ref()
                .and_then(|numbers| numbers.as_primitive_opt::<Float32Type>());
            numbers.map(|numbers| {
                let numbers = numbers.iter();
                Value::List(
                    numbers
                        .map(|number| match number {
                            Some(number) => Value::Float64(f64::from(number)),
                            None => Value::Null,
                        })
                        .collect(),
                )
            })
        }
        DataType::Struct(_) if ty == Some(&Type::Incidence) => Some(incidence(array, row)?),
        DataType::Struct(fields) => {
            let columns = any
                .downcast_ref::<StructArray>()
                .ok_or_else(|| Error::internal("a struct column"))?;
            let entries = fields
                .iter()
                .zip(columns.columns())
                .enumerate()
                .map(|(place, (field, column))| {
                    let inner = match ty {
                        Some(Type::Map(fields)) => {
                            place_of(fields, field.name(), place).map(|place| &fields[place].1)
                        }
                        _ => None,
                    };
                    Ok((field.name().clone(), read(column, row, inner)?))
                })
                .collect::<Result<_>>()?;
            Some(Value::Map(entries))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        Error::unsupported(format!("a value of the Arrow type {}", array.data_type()))
    })
}

/// Where the field `name` stands among the fields of a map, tried at the place `likely` first.
pub(super) fn place_of(fields: &[(String, Type)], name: &str, likely: usize) -> Option<usize> {
    match fields.get(likely) {
        Some((own, _)) if own == name => Some(likely),
        _ => fields.iter().position(|(own, _)| own == name),
    }
}

impl IncidenceValue {
    /// A field of the column that holds incidences.
    fn part(&self, field: &str) -> Value {
        match field {
            "hyperedge" => Value::Hyperedge(Box::new(self.hyperedge.clone())),
            "role" => Value::String(self.role.clone()),
            "position" => Value::Int64(self.position),
            _ => self.member.clone(),
        }
    }
}

fn incidence(array: &dyn Array, row: usize) -> Result<Value> {
    let Value::Map(mut parts) = read(array, row, None)? else {
        return Err(Error::internal("an incidence of another form"));
    };
    let mut part = |name: &str| parts.remove(name).unwrap_or(Value::Null);
    let (hyperedge, member) = (part("hyperedge").entity_id(), part("member"));
    let (Some(id), Value::String(role), Value::Int64(position)) =
        (hyperedge, part("role"), part("position"))
    else {
        return Err(Error::internal("an incidence of another form"));
    };
    Ok(Value::Incidence(Box::new(IncidenceValue {
        hyperedge: HyperedgeValue { id, contents: None },
        role,
        position,
        member,
    })))
}

fn column(values: &[&Value], data_type: &DataType) -> Result<ArrayRef> {
    macro_rules! primitive {
        ($array:ty, $pattern:pat => $cell:expr) => {
            values
                .iter()
                .map(|value| match value {
                    Value::Null => Ok(None),
                    $pattern => $cell.map(Some),
                    other => Err(mismatch(other, data_type)),
                })
                .collect::<Result<$array>>()?
        };
    }
    Ok(match data_type {
        DataType::Null => Arc::new(NullArray::new(values.len())),
        DataType::LargeBinary => {
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
        DataType::Boolean => {
            Arc::new(primitive!(BooleanArray, Value::Bool(value) => Ok::<_, Error>(*value)))
        }
        DataType::Int64 => {
            Arc::new(primitive!(Int64Array, Value::Int64(value) => Ok::<_, Error>(*value)))
        }
        DataType::UInt64 => Arc::new(primitive!(
            UInt64Array,
            value @ (Value::Node(_) | Value::Hyperedge(_)) =>
                value.entity_id().ok_or_else(|| mismatch(value, data_type))
        )),
        DataType::Float64 => {
            Arc::new(primitive!(Float64Array, Value::Float64(value) => Ok::<_, Error>(*value)))
        }
        DataType::Utf8 => {
            let texts = values.iter().map(|value| match value {
                Value::String(text) => text.len(),
                _ => 0,
            });
            check_offset(texts.sum())?;
            Arc::new(primitive!(StringArray, Value::String(value) => Ok::<_, Error>(value.clone())))
        }
        DataType::Binary => {
            Arc::new(primitive!(BinaryArray, Value::Bytes(value) => Ok::<_, Error>(value.clone())))
        }
        DataType::Date32 => Arc::new(primitive!(
            Date32Array,
            value @ Value::Date(days) =>
                i32::try_from(*days).map_err(|_| mismatch(value, data_type))
        )),
        DataType::Time64(_) => Arc::new(
            primitive!(Time64NanosecondArray, Value::LocalTime(nanos) => Ok::<_, Error>(*nanos)),
        ),
        DataType::Timestamp(_, None) => Arc::new(primitive!(
            TimestampNanosecondArray,
            value @ Value::LocalDateTime(local) =>
                local.to_nanos().ok_or_else(|| mismatch(value, data_type))
        )),
        DataType::Timestamp(_, Some(_)) => {
            let values = primitive!(
                TimestampNanosecondArray,
                value @ Value::DateTime(instant) =>
                    instant.utc().to_nanos().ok_or_else(|| mismatch(value, data_type))
            );
            Arc::new(values.with_timezone("UTC"))
        }
        DataType::List(item) => {
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
            let nulls: NullBuffer = values.iter().map(|value| !value.is_null()).collect();
            check_offset(flat.len())?;
            let inner = column(&flat, item.data_type())?;
            Arc::new(ListArray::try_new(
                Arc::clone(item),
                OffsetBuffer::from_lengths(lengths),
                inner,
                Some(nulls),
            )?)
        }
        DataType::FixedSizeList(item, dimensions) => vectors(values, item, *dimensions)?,
        DataType::Struct(fields) => {
            let columns = fields
                .iter()
                .map(|field: &Arc<Field>| {
                    let cells = values
                        .iter()
                        .map(|value| match value {
                            Value::Null => Ok(Value::Null),
                            Value::Map(entries) => {
                                Ok(entries.get(field.name()).cloned().unwrap_or(Value::Null))
                            }
                            Value::Incidence(incidence) => Ok(incidence.part(field.name())),
                            other => Err(mismatch(other, data_type)),
                        })
                        .collect::<Result<Vec<Value>>>()?;
                    let cells: Vec<&Value> = cells.iter().collect();
                    column(&cells, field.data_type())
                })
                .collect::<Result<Vec<_>>>()?;
            let nulls: NullBuffer = values.iter().map(|value| !value.is_null()).collect();
            if fields.is_empty() {
                return Ok(Arc::new(StructArray::new_empty_fields(
                    values.len(),
                    Some(nulls),
                )));
            }
            Arc::new(StructArray::try_new(fields.clone(), columns, Some(nulls))?)
        }
        other if values.iter().all(|value| value.is_null()) => new_null_array(other, values.len()),
        other => {
            return Err(Error::internal(format!(
                "no values of the Arrow type {other}"
            )));
        }
    })
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
