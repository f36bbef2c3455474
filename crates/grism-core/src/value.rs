//! Single values: literals, parameters and the cells of small results.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray,
    NullArray, StringArray, StructArray, Time64NanosecondArray, TimestampNanosecondArray,
    UInt32Array, UInt64Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Type};

/// One value of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Nothing known.
    Null,
    /// True or false.
    Bool(bool),
    /// A 64-bit integer.
    Int64(i64),
    /// A 64-bit float; infinities and NaN survive serialization as their bits.
    Float64(#[serde(with = "float_bits")] f64),
    /// Text.
    String(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since midnight.
    LocalTime(i64),
    /// Nanoseconds since 1970-01-01T00:00 without zone.
    LocalDateTime(i64),
    /// Nanoseconds since 1970-01-01T00:00Z.
    DateTime(i64),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(BTreeMap<String, Value>),
}

mod float_bits {
    //! JSON has no NaN, so floats travel as their bits.
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

impl Value {
    /// The type of the value; `None` for a list of several types, which only a dynamically typed column could hold.
    #[must_use]
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int64(_) => Type::Int64,
            Self::Float64(_) => Type::Float64,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::Date(_) => Type::Date,
            Self::LocalTime(_) => Type::LocalTime,
            Self::LocalDateTime(_) => Type::LocalDateTime,
            Self::DateTime(_) => Type::DateTime,
            Self::List(items) => {
                let mut item = Type::Null;
                for value in items {
                    item = item.unify(&value.type_of()?)?;
                }
                item.list()
            }
            Self::Map(entries) => Type::Map(
                entries
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.type_of()?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A column of `rows` copies of the value.
    ///
    /// # Errors
    /// `Unsupported` for a list of several types.
    pub fn to_array(&self, rows: usize) -> Result<ArrayRef> {
        let ty = self
            .type_of()
            .ok_or_else(|| Error::unsupported("a list of values of several types"))?;
        let one = column(&[self], &ty.to_arrow())?;
        if rows == 1 {
            return Ok(one);
        }
        Ok(arrow::compute::take(
            &one,
            &UInt32Array::from(vec![0; rows]),
            None,
        )?)
    }

    /// A column of the values, all of type `data_type` or null.
    ///
    /// # Errors
    /// `InvalidData` where a value is not of the type.
    pub fn column(values: &[Self], data_type: &DataType) -> Result<ArrayRef> {
        column(&values.iter().collect::<Vec<_>>(), data_type)
    }

    /// Reads row `row` of `array`.
    ///
    /// # Errors
    /// `Unsupported` for an Arrow type that no value holds.
    pub fn from_array(array: &dyn Array, row: usize) -> Result<Self> {
        if array.is_null(row) || array.data_type() == &DataType::Null {
            return Ok(Self::Null);
        }
        let any = array.as_any();
        macro_rules! cell {
            ($array:ty) => {
                any.downcast_ref::<$array>().map(|array| array.value(row))
            };
        }
        let found = match array.data_type() {
            DataType::Boolean => cell!(BooleanArray).map(Self::Bool),
            DataType::Int64 => cell!(Int64Array).map(Self::Int64),
            DataType::UInt64 => cell!(UInt64Array).map(|value| Self::Int64(value as i64)),
            DataType::UInt32 => cell!(UInt32Array).map(|value| Self::Int64(i64::from(value))),
            DataType::Float64 => cell!(Float64Array).map(Self::Float64),
            DataType::Utf8 => cell!(StringArray).map(|value| Self::String(value.to_owned())),
            DataType::Binary => cell!(BinaryArray).map(|value| Self::Bytes(value.to_owned())),
            DataType::Date32 => cell!(Date32Array).map(Self::Date),
            DataType::Time64(_) => cell!(Time64NanosecondArray).map(Self::LocalTime),
            DataType::Timestamp(_, None) => {
                cell!(TimestampNanosecondArray).map(Self::LocalDateTime)
            }
            DataType::Timestamp(_, Some(_)) => cell!(TimestampNanosecondArray).map(Self::DateTime),
            DataType::List(_) => {
                let items = cell!(ListArray).ok_or_else(|| Error::internal("a list column"))?;
                let items: Vec<Self> = (0..items.len())
                    .map(|index| Self::from_array(&items, index))
                    .collect::<Result<_>>()?;
                Some(Self::List(items))
            }
            DataType::Struct(fields) => {
                let columns = any
                    .downcast_ref::<StructArray>()
                    .ok_or_else(|| Error::internal("a struct column"))?;
                let entries = fields
                    .iter()
                    .zip(columns.columns())
                    .map(|(field, column)| {
                        Ok((field.name().clone(), Self::from_array(column, row)?))
                    })
                    .collect::<Result<_>>()?;
                Some(Self::Map(entries))
            }
            _ => None,
        };
        found.ok_or_else(|| {
            Error::unsupported(format!("a value of the Arrow type {}", array.data_type()))
        })
    }
}

fn column(values: &[&Value], data_type: &DataType) -> Result<ArrayRef> {
    macro_rules! primitive {
        ($array:ty, $variant:ident) => {
            Arc::new(
                values
                    .iter()
                    .map(|value| match value {
                        Value::Null => Ok(None),
                        Value::$variant(inner) => Ok(Some(inner.clone())),
                        other => Err(mismatch(other, data_type)),
                    })
                    .collect::<Result<$array>>()?,
            ) as ArrayRef
        };
    }
    Ok(match data_type {
        DataType::Null => Arc::new(NullArray::new(values.len())),
        DataType::Boolean => primitive!(BooleanArray, Bool),
        DataType::Int64 => primitive!(Int64Array, Int64),
        DataType::Float64 => primitive!(Float64Array, Float64),
        DataType::Utf8 => primitive!(StringArray, String),
        DataType::Binary => primitive!(BinaryArray, Bytes),
        DataType::Date32 => primitive!(Date32Array, Date),
        DataType::Time64(_) => primitive!(Time64NanosecondArray, LocalTime),
        DataType::Timestamp(_, None) => primitive!(TimestampNanosecondArray, LocalDateTime),
        DataType::Timestamp(_, Some(_)) => {
            let values = values
                .iter()
                .map(|value| match value {
                    Value::Null => Ok(None),
                    Value::DateTime(nanos) => Ok(Some(*nanos)),
                    other => Err(mismatch(other, data_type)),
                })
                .collect::<Result<TimestampNanosecondArray>>()?;
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
            let inner = column(&flat, item.data_type())?;
            Arc::new(ListArray::try_new(
                Arc::clone(item),
                OffsetBuffer::from_lengths(lengths),
                inner,
                Some(nulls),
            )?)
        }
        DataType::Struct(fields) => {
            let null = Value::Null;
            let columns = fields
                .iter()
                .map(|field: &Arc<Field>| {
                    let cells = values
                        .iter()
                        .map(|value| match value {
                            Value::Null => Ok(&null),
                            Value::Map(entries) => Ok(entries.get(field.name()).unwrap_or(&null)),
                            other => Err(mismatch(other, data_type)),
                        })
                        .collect::<Result<Vec<_>>>()?;
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

fn mismatch(value: &Value, data_type: &DataType) -> Error {
    Error::invalid_data(format!("the value {value} is not of the type {data_type}"))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int64(value)
            | Self::LocalTime(value)
            | Self::LocalDateTime(value)
            | Self::DateTime(value) => value.fmt(f),
            Self::Float64(value) => write!(f, "{value:?}"),
            Self::String(value) => {
                write!(f, "'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
            }
            Self::Bytes(value) => write!(f, "<{} bytes>", value.len()),
            Self::Date(value) => write!(f, "date({value})"),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}
