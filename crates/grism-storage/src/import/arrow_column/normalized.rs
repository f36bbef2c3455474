//! A column from outside as one of a Grism type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, UInt64Type};
use grism_core::{Error, Result, Type};
use grism_text::ColumnType;

use super::casts::exact_cast;
use super::given::values_as_given;
use super::{extension, nested, times};

/// The key of a field's metadata that states the Grism type of a column that a reader of text made.
pub(super) const TYPE_KEY: &str = "grism:type";

/// The field of a column of a Grism type that was read from text. What Arrow's type does not say is stated beside it.
pub(crate) fn field_of(name: &str, ty: &Type) -> Field {
    let field = Field::new(name, ty.to_arrow(), true);
    if !ty.may_hold_any() {
        return field;
    }
    match serde_json::to_string(ty) {
        Ok(stated) => field.with_metadata([(TYPE_KEY.to_owned(), stated)].into()),
        Err(_) => field,
    }
}

/// `column` in the Arrow type of its Grism type.
///
/// # Errors
/// `Unsupported` for an Arrow type that no Grism type holds; `InvalidData` for a value out of range, at any depth.
pub(crate) fn normalized(name: &str, column: &ArrayRef) -> Result<(Type, ArrayRef)> {
    normalized_field(&Field::new(name, column.data_type().clone(), true), column)
}

/// As [`normalized`], for a column whose field may say more than its Arrow type.
///
/// # Errors
/// As [`normalized`].
pub(crate) fn normalized_field(field: &Field, column: &ArrayRef) -> Result<(Type, ArrayRef)> {
    if let Some(stated) = field.metadata().get(TYPE_KEY)
        && let Ok(ty) = serde_json::from_str(stated)
    {
        return Ok((ty, Arc::clone(column)));
    }
    of_field(field, column, None)
        .map_err(|error| error.context(format!("column `{}`", field.name())))
}

/// The values of a field, which may be within another one. Decimals and unsigned integers become what is `given`, where
/// something is.
pub(super) fn of_field(
    field: &Field,
    column: &ArrayRef,
    given: Option<&ColumnType>,
) -> Result<(Type, ArrayRef)> {
    if let Some(found) = extension::of_extension(field, column)? {
        return Ok(found);
    }
    let data_type = column.data_type();
    if let Some(given) = given.filter(|_| needs_type(data_type)) {
        return values_as_given(column, given, None);
    }
    match data_type {
        DataType::UInt64 => {
            let numbers = column.as_primitive::<UInt64Type>();
            let past = numbers
                .iter()
                .flatten()
                .find(|number| i64::try_from(*number).is_err());
            if let Some(number) = past {
                return Err(Error::invalid_data(format!(
                    "the unsigned number {number} is past the greatest Int64: name a type for it in `types`, such as string or float"
                )));
            }
        }
        DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Interval(_) => return times::of_times(column),
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => {
            return Err(Error::unsupported(format!(
                "{data_type} is held by no type without rounding: name one for it in `types`, such as string, int or float"
            )));
        }
        DataType::Dictionary(_, values) => {
            return of_field(field, &exact_cast(column, values)?, given);
        }
        DataType::RunEndEncoded(_, values) => {
            return of_field(values, &exact_cast(column, values.data_type())?, given);
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => return nested::of_lists(column, given),
        DataType::FixedSizeList(item, dimensions) => {
            let is_vector = matches!(item.data_type(), DataType::Float16 | DataType::Float32);
            if !is_vector || *dimensions <= 0 {
                return nested::of_lists(column, given);
            }
        }
        DataType::Struct(fields) => return nested::of_structs(fields, column, given),
        DataType::Map(..) => return nested::of_maps(column, given),
        DataType::Union(fields, _) => return nested::of_unions(fields, column, given),
        _ => {}
    }
    let ty = Type::from_arrow(data_type)?;
    let values = exact_cast(column, &ty.to_arrow())?;
    Ok((ty, values))
}

/// Whether single values of an Arrow type may be ones that no type holds, so that a caller says what they become.
pub(super) fn needs_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::UInt64
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    )
}
