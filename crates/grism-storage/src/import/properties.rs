//! Columns from outside as properties: Grism's types, without loss.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, GraphSchema, Result, TableId, Type, nearest};

/// The column `name` of `batch`.
///
/// # Errors
/// `InvalidData` where there is none, with the nearest name.
pub(super) fn required_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    let schema = batch.schema_ref();
    batch.column_by_name(name).ok_or_else(|| {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let hint = nearest(name, names)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Error::invalid_data(format!("the table has no column `{name}`{hint}"))
    })
}

/// `column` in the Arrow type of its Grism type.
///
/// # Errors
/// `Unsupported` for an Arrow type that no Grism type holds; `InvalidData` for a value out of range.
pub(super) fn normalized(name: &str, column: &ArrayRef) -> Result<(Type, ArrayRef)> {
    let ty = Type::from_arrow(column.data_type())
        .map_err(|error| error.context(format!("column `{name}`")))?;
    let data_type = ty.to_arrow();
    if column.data_type() == &data_type {
        return Ok((ty, Arc::clone(column)));
    }
    let converted = cast(column, &data_type)
        .map_err(|error| Error::invalid_data(format!("column `{name}`: {error}")))?;
    if converted.null_count() > column.logical_null_count() {
        let out_of_range = match column.as_any().downcast_ref::<UInt64Array>() {
            Some(_) => "an unsigned number past the greatest integer",
            None => "a value out of the range of its type",
        };
        return Err(Error::invalid_data(format!(
            "column `{name}`: {out_of_range}"
        )));
    }
    Ok((ty, converted))
}

/// Adds the columns of `batch` but `except` to the table's properties, and returns them by name.
pub(super) fn properties(
    schema: &mut GraphSchema,
    table: TableId,
    batch: &RecordBatch,
    except: &[String],
) -> Result<Vec<(String, ArrayRef)>> {
    let mut columns = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let name = field.name();
        if except.contains(name) {
            continue;
        }
        if name.is_empty() || name.starts_with('_') {
            return Err(Error::invalid_data(format!(
                "the column name `{name}` is kept for Grism; rename it"
            )));
        }
        let (ty, values) = normalized(name, column)?;
        schema.ensure_property(table, name, &ty)?;
        // A property whose first values were all null takes a type when the first value comes.
        let stored = schema
            .table(table)?
            .property(name)
            .map(|property| property.value_type.to_arrow());
        let values = match stored {
            Some(stored)
                if &stored != values.data_type() && values.data_type() == &DataType::Null =>
            {
                cast(&values, &stored)?
            }
            _ => values,
        };
        columns.push((name.clone(), values));
    }
    Ok(columns)
}

/// A key as text that is equal for equal keys: integers and texts only.
///
/// # Errors
/// `InvalidData` for a column of another type.
pub(super) fn key_texts(name: &str, column: &ArrayRef) -> Result<StringArray> {
    let (ty, values) = normalized(name, column)?;
    match ty {
        Type::String | Type::Int64 | Type::Null => {}
        other => {
            return Err(Error::invalid_data(format!(
                "the key column `{name}` holds {other}; keys are integers or texts"
            )));
        }
    }
    let texts = cast(&values, &DataType::Utf8)?;
    texts
        .as_any()
        .downcast_ref::<StringArray>()
        .cloned()
        .ok_or_else(|| Error::internal("a cast to text gave something else"))
}
