//! Columns of tables for which the caller names a type.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};
use grism_core::{Error, Result, Type, Value, widen_column};
use grism_text::{ColumnType, value_of};

use super::normalized::{exact_cast, of_field};

/// The values of a column as those of the type that was asked for. Only floats may be rounded: that is asked for by their name.
///
/// # Errors
/// `InvalidData` for a value of another type.
pub(super) fn as_given(field: &Field, column: &ArrayRef, given: &ColumnType) -> Result<ArrayRef> {
    let wanted = &given.ty;
    let is_decimal = matches!(
        column.data_type(),
        DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    );
    // Decimals are as exact as their texts.
    let (ty, values) = if is_decimal {
        (Type::String, exact_cast(column, &DataType::Utf8)?)
    } else {
        of_field(field, column)?
    };
    if ty == *wanted {
        return Ok(values);
    }
    if let (Type::Vector(_), Type::List(_)) = (wanted, &ty) {
        return widen_column(&values, &wanted.to_arrow());
    }
    let texts = values.as_string_opt::<i32>();
    let mut converted = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        if values.is_null(row) || ty == Type::Null {
            converted.push(Value::Null);
            continue;
        }
        let text = match texts {
            Some(texts) => texts.value(row).to_owned(),
            None => match Value::from_typed(&values, row, &ty)? {
                Value::String(text) => text,
                // A float that is an integer is written as one.
                Value::Float64(number) if *wanted == Type::Int64 && number.fract() == 0.0 => {
                    format!("{number:.0}")
                }
                value => value.to_string(),
            },
        };
        let text = match (is_decimal && *wanted == Type::Int64, text.split_once('.')) {
            (true, Some((whole, fraction))) if fraction.bytes().all(|digit| digit == b'0') => {
                whole.to_owned()
            }
            _ => text,
        };
        let value = match (&given.format, texts) {
            (Some(format), Some(_)) => format.value_of(&text, wanted),
            _ => value_of(&text, wanted),
        };
        let value = value.filter(|value| {
            *wanted == Type::Any || value.type_of() == *wanted || matches!(wanted, Type::Vector(_))
        });
        let wrong = || Error::invalid_data(format!("row {}: {text} is no {wanted}", row + 1));
        converted.push(value.ok_or_else(wrong)?);
    }
    Value::column(&converted, &wanted.to_arrow())
}
