//! Structs without fields, which Parquet does not write: within another struct they are left out, elsewhere they get a field
//! that is always null.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result};

/// The field of a struct that has no other.
const NOTHING: &str = "nothing";

/// The schema of batches that [`with_fields`] makes.
pub(crate) fn schema_with_fields(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(field_with_fields);
    Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
}

/// The batch with no struct without fields; `schema` is that of [`schema_with_fields`].
///
/// # Errors
/// `Internal` where the schema is another one.
pub(crate) fn with_fields(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let fields = schema.fields().iter();
    let columns = fields
        .zip(batch.columns())
        .map(|(field, column)| column_with_fields(column, field.data_type()))
        .collect::<Result<Vec<_>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &rows,
    )?)
}

fn is_empty(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Struct(fields) if fields.is_empty())
}

fn field_with_fields(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(field_with_fields(item)),
        DataType::Struct(fields) => {
            let kept = fields.iter().filter(|own| !is_empty(own.data_type()));
            let mut kept: Fields = kept.map(field_with_fields).collect();
            if kept.is_empty() {
                kept = vec![Field::new(NOTHING, DataType::Boolean, true)].into();
            }
            DataType::Struct(kept)
        }
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

fn column_with_fields(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let other = || Error::internal("a column of another form than its file");
    match data_type {
        wanted if column.data_type() == wanted => Ok(Arc::clone(column)),
        DataType::List(item) => {
            let lists = column.as_list_opt::<i32>().ok_or_else(other)?;
            Ok(Arc::new(ListArray::try_new(
                Arc::clone(item),
                lists.offsets().clone(),
                column_with_fields(lists.values(), item.data_type())?,
                lists.nulls().cloned(),
            )?))
        }
        DataType::Struct(fields) => {
            let structs = column.as_struct_opt().ok_or_else(other)?;
            let columns = fields
                .iter()
                .map(|field| match structs.column_by_name(field.name()) {
                    Some(own) => column_with_fields(own, field.data_type()),
                    None => Ok(new_null_array(field.data_type(), structs.len())),
                })
                .collect::<Result<Vec<_>>>()?;
            let nulls = structs.nulls().cloned();
            Ok(Arc::new(StructArray::try_new(
                fields.clone(),
                columns,
                nulls,
            )?))
        }
        _ => Err(other()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::buffer::{NullBuffer, OffsetBuffer};

    use super::*;

    #[test]
    fn structs_without_fields_are_left_out_or_get_one() {
        let nulls = NullBuffer::from(vec![true, false]);
        let empty: ArrayRef = Arc::new(StructArray::new_empty_fields(2, Some(nulls)));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let field = |name: &str, column: &ArrayRef| {
            Arc::new(Field::new(name, column.data_type().clone(), true))
        };
        let fields: Fields = vec![field("id", &ids), field("properties", &empty)].into();
        let node: ArrayRef = Arc::new(StructArray::new(
            fields,
            vec![Arc::clone(&ids), Arc::clone(&empty)],
            None,
        ));
        let nodes: ArrayRef = Arc::new(ListArray::new(
            field("item", &node),
            OffsetBuffer::from_lengths([2, 0]),
            Arc::clone(&node),
            None,
        ));
        let named = [("ids", ids), ("map", empty), ("nodes", nodes)];
        let batch = RecordBatch::try_from_iter_with_nullable(
            named.map(|(name, column)| (name, column, true)),
        )
        .unwrap();
        let schema = schema_with_fields(&batch.schema());
        let whole = with_fields(&batch, &schema).unwrap();
        assert_eq!(whole.column(0), batch.column(0));
        assert_eq!(whole.column(1).as_struct().column_names(), [NOTHING]);
        assert_eq!(whole.column(1).null_count(), 1);
        let nodes = whole.column(2).as_list::<i32>();
        assert_eq!(nodes.values().as_struct().column_names(), ["id"]);
        assert_eq!(nodes.value_length(0), 2);
    }
}
