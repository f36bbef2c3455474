//! The fields of a dataset that hold a column of a table. A stored value is never rewritten: where a property's type
//! widens, a further column holds the values written from then on, and a reader takes the newest column that has one.
//!
//! ```text
//! age      Int64                  31  42  null
//! age~2    any type, as bytes     null null  'old'
//! ```

use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Table, widen_column};
use lance::dataset::Dataset;

use crate::columns::role_field;

fn generation_name(column: &str, generation: usize) -> String {
    match generation {
        0 => column.to_owned(),
        other => format!("{column}~{}", other + 1),
    }
}

/// Whether a dataset has a field of the name.
pub(in crate::lance) fn has_field(dataset: &Dataset, name: &str) -> bool {
    let mut fields = dataset.schema().fields.iter();
    fields.any(|field| field.name == name)
}

/// The fields that hold the column `column` of `table`, the oldest first.
pub(in crate::lance) fn physical_columns(
    dataset: &Dataset,
    table: &Table,
    column: &str,
) -> Vec<String> {
    if let Some(role) = table.hyperedge_type().and_then(|ty| ty.role_in(column)) {
        let field = role_field(table, role, |name| has_field(dataset, name));
        return has_field(dataset, &field)
            .then(|| field.into_owned())
            .into_iter()
            .collect();
    }
    (0..)
        .map(|generation| generation_name(column, generation))
        .take_while(|name| has_field(dataset, name))
        .collect()
}

/// The field that values of `data_type` are written to, which may not be there yet.
pub(in crate::lance) fn target_column(
    dataset: &Dataset,
    table: &Table,
    column: &str,
    data_type: &DataType,
) -> Field {
    let known = physical_columns(dataset, table, column);
    let schema = Schema::from(dataset.schema());
    if let Some(newest) = known.last()
        && let Ok(field) = schema.field_with_name(newest)
        && same_type(field.data_type(), data_type)
    {
        return Field::new(newest, data_type.clone(), true);
    }
    Field::new(
        generation_name(column, known.len()),
        data_type.clone(),
        true,
    )
}

/// Whether two types are the same but for the names and nullability of inner fields.
fn same_type(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (DataType::List(a), DataType::List(b)) => same_type(a.data_type(), b.data_type()),
        (a, b) => a == b,
    }
}

/// The property in a batch of physical columns, as `data_type`: the newest value that each row has.
pub(in crate::lance) fn merged_column(
    batch: &RecordBatch,
    columns: &[String],
    data_type: &DataType,
) -> Result<Option<ArrayRef>> {
    let mut merged: Option<ArrayRef> = None;
    for name in columns {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        let column = if column.data_type() == data_type {
            column.clone()
        } else {
            widen_column(column, data_type)?
        };
        merged = Some(match merged {
            None => column,
            Some(older) => {
                let places: Vec<(usize, usize)> = (0..column.len())
                    .map(|row| (usize::from(column.is_valid(row)), row))
                    .collect();
                interleave(&[older.as_ref(), column.as_ref()], &places)?
            }
        });
    }
    Ok(merged)
}
