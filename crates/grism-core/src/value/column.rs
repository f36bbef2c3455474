//! Values in Arrow columns.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, FixedSizeListArray,
    Float64Array, Int64Array, LargeBinaryArray, ListArray, StringArray, StructArray,
    Time64NanosecondArray, TimestampNanosecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Float32Type};

use super::any::decode_any;
use super::build_column::column;
use super::{HyperedgeValue, IncidenceValue, Value};
use crate::temporal::{DateTime, LocalDateTime};
use crate::{EntityId, Error, Result, Type};

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
    pub(super) fn part(&self, field: &str) -> Value {
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
