//! Columns from outside as properties: Grism's types, without loss.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, GraphSchema, Result, TableId, Type, nearest, widen_column};

use super::arrow_column::normalized_field;

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

/// The columns of `batch` but `except`, in the Arrow types of their Grism types.
///
/// # Errors
/// As [`normalized_field`]; `InvalidData` for a name that is kept for Grism.
pub(super) fn normalized_columns(
    batch: &RecordBatch,
    except: &[String],
) -> Result<Vec<(String, Type, ArrayRef)>> {
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
        let (ty, values) = normalized_field(field, column)?;
        columns.push((name.clone(), ty, values));
    }
    Ok(columns)
}

/// Makes columns from outside properties of the table, and returns them by the names of the table's columns.
pub(super) fn ensure_properties(
    schema: &mut GraphSchema,
    table: TableId,
    columns: Vec<(String, Type, ArrayRef)>,
) -> Result<Vec<(String, ArrayRef)>> {
    // Tables have thousands of columns at times, which are not looked for one by one in every batch.
    let own = schema.table(table)?.properties.iter();
    let known: HashMap<String, (Type, String)> = own
        .map(|own| {
            let column = own.column().to_owned();
            (own.name.clone(), (own.value_type.clone(), column))
        })
        .collect();
    let mut properties = Vec::with_capacity(columns.len());
    for (name, ty, values) in columns {
        if let Some((known, column)) = known.get(&name)
            && *known == ty
        {
            properties.push((column.clone(), values));
            continue;
        }
        schema.ensure_property(table, &name, &ty)?;
        // A property whose first values were all null takes a type when the first value comes.
        let property = schema.table(table)?.property(&name);
        let property = property.ok_or_else(|| Error::internal("a property that was not made"))?;
        let stored = property.value_type.to_arrow();
        let values = match &stored {
            same if same == values.data_type() => values,
            _ if values.data_type() == &DataType::Null => cast(&values, &stored)?,
            DataType::FixedSizeList(..) => widen_column(&values, &stored)
                .map_err(|error| error.context(format!("column `{name}`")))?,
            _ => values,
        };
        properties.push((property.column().to_owned(), values));
    }
    Ok(properties)
}
