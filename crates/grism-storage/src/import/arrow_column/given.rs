//! Columns of tables for which the caller names a type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use grism_core::{Error, Result, Type, Value, widen_column};
use grism_text::{ColumnType, value_of};

use super::casts::{any_column, decoded, exact_cast};
use super::nested::{item_of, lists_of};
use super::normalized::{needs_type, of_field};

/// The values of a column as those of the type that was asked for. Only floats may be rounded: that is asked for by their name.
///
/// In lists, structs and maps, a type of single values is what their decimals and unsigned integers become. `first` is the number
/// of the first row, for messages.
///
/// # Errors
/// `InvalidData` for a value of another type.
pub(super) fn as_given(
    field: &Field,
    column: &ArrayRef,
    given: &ColumnType,
    first: u64,
) -> Result<(Type, ArrayRef)> {
    let column = &decoded(column)?;
    let data_type = column.data_type();
    if needs_type(data_type) {
        return values_as_given(column, given, Some(first));
    }
    if let (Type::List(item), Some(_)) = (&given.ty, item_of(data_type)) {
        return items_as_given(column, item, given);
    }
    if nests(data_type, needs_type) {
        if let (Type::Vector(_), Some(_)) = (&given.ty, item_of(data_type)) {
            let (_, lists) = items_as_given(column, &Type::Float64, given)?;
            let vectors = widen_column(&lists, &given.ty.to_arrow())?;
            return Ok((given.ty.clone(), vectors));
        }
        return of_field(field, column, Some(given));
    }
    values_of(of_field(field, column, None)?, given, Some(first))
}

/// Decimals or unsigned integers as values of the type that was asked for: they are as exact as their texts.
pub(super) fn values_as_given(
    column: &ArrayRef,
    given: &ColumnType,
    first: Option<u64>,
) -> Result<(Type, ArrayRef)> {
    let texts = exact_cast(column, &DataType::Utf8)?;
    let texts = match given.ty {
        Type::Int64 => whole_numbers(&texts),
        _ => texts,
    };
    values_of((Type::String, texts), given, first)
}

fn items_as_given(column: &ArrayRef, item: &Type, given: &ColumnType) -> Result<(Type, ArrayRef)> {
    let given = ColumnType {
        ty: item.clone(),
        format: given.format.clone(),
    };
    lists_of(column, |field, values| {
        let values = &decoded(values)?;
        match (item, item_of(values.data_type())) {
            (Type::List(inner), Some(_)) => items_as_given(values, inner, &given),
            _ if needs_type(values.data_type()) => values_as_given(values, &given, None),
            _ if nests(values.data_type(), needs_type) => of_field(field, values, Some(&given)),
            _ => values_of(of_field(field, values, None)?, &given, None),
        }
    })
}

/// Whether a type nests another one that is `wanted`.
fn nests(data_type: &DataType, wanted: fn(&DataType) -> bool) -> bool {
    let within = |own: &Field| wanted(own.data_type()) || nests(own.data_type(), wanted);
    match data_type {
        DataType::Struct(fields) => fields.iter().any(|own| within(own)),
        DataType::Union(fields, _) => fields.iter().any(|(_, own)| within(own)),
        DataType::Map(entries, _) => within(entries),
        DataType::Dictionary(_, values) => wanted(values) || nests(values, wanted),
        DataType::RunEndEncoded(_, values) => within(values),
        other => item_of(other).is_some_and(|item| within(item)),
    }
}

/// Texts of decimals without the zeros of a fraction.
fn whole_numbers(texts: &ArrayRef) -> ArrayRef {
    let texts = texts.as_string::<i32>().iter();
    let whole = |text: &str| match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => text.to_owned(),
    };
    let whole = texts.map(|text| text.map(whole));
    Arc::new(whole.collect::<StringArray>())
}

/// Values of a type as those of the type that was asked for.
fn values_of(
    (ty, values): (Type, ArrayRef),
    given: &ColumnType,
    first: Option<u64>,
) -> Result<(Type, ArrayRef)> {
    let wanted = &given.ty;
    if ty == *wanted && given.format.is_none() {
        return Ok((ty, values));
    }
    if let (Type::Vector(_), Type::List(_)) = (wanted, &ty) {
        let vectors = widen_column(&values, &wanted.to_arrow())?;
        return Ok((wanted.clone(), vectors));
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
        let value = match &given.format {
            Some(format) if texts.is_some() || *wanted == Type::Any => {
                format.value_of(&text, wanted)
            }
            _ => value_of(&text, wanted),
        };
        converted.push(value.ok_or_else(|| {
            let place = first.map(|first| format!("row {}: ", first + row as u64));
            let place = place.unwrap_or_default();
            Error::invalid_data(format!("{place}{text} is no {given}"))
        })?);
    }
    // A day or a time may be out of the range of its type's columns.
    let is_plain = matches!(wanted, Type::Vector(_) | Type::List(_))
        || converted
            .iter()
            .all(|value| value.is_null() || value.type_of() == *wanted);
    if !is_plain {
        return any_column(&converted);
    }
    let values = Value::column(&converted, &wanted.to_arrow())?;
    Ok((wanted.clone(), values))
}
