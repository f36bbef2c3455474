//! Columns as other Arrow types that hold the same values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Type, Value};

/// The column without an encoding: the values of a dictionary, or of runs.
pub(crate) fn decoded(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::Dictionary(_, values) => decoded(&exact_cast(column, values)?),
        DataType::RunEndEncoded(_, values) => decoded(&exact_cast(column, values.data_type())?),
        _ => Ok(Arc::clone(column)),
    }
}

/// The column as another Arrow type that holds the same values.
pub(crate) fn exact_cast(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if column.data_type() == data_type {
        return Ok(Arc::clone(column));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, data_type, &options)
        .map_err(|error| Error::invalid_data(error.to_string()))
}

/// A column of values that have no Arrow type in common.
pub(super) fn any_column(values: &[Value]) -> Result<(Type, ArrayRef)> {
    Ok((Type::Any, Value::column(values, &Type::Any.to_arrow())?))
}
