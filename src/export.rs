//! Results for readers that know Arrow and not Grism: dynamically typed columns become plain ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Result, Type, Value};

/// Whether a column of the type holds dynamically typed values, as bytes that only Grism reads.
#[must_use]
pub fn is_dynamic(data_type: &DataType) -> bool {
    Type::of_column(data_type).may_hold_any()
}

/// The batches with every dynamically typed column as a plain one: of the type that all its values have, entities and
/// paths as structs, or, where they have none in common, as text.
///
/// # Errors
/// `InvalidData` where a dynamically typed value is malformed.
pub fn plain_batches(
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    if !schema
        .fields()
        .iter()
        .any(|field| is_dynamic(field.data_type()))
    {
        return Ok((Arc::clone(schema), batches.to_vec()));
    }
    let mut fields = Vec::new();
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); batches.len()];
    for (index, field) in schema.fields().iter().enumerate() {
        if !is_dynamic(field.data_type()) {
            fields.push(Arc::clone(field));
            for (all, batch) in columns.iter_mut().zip(batches) {
                all.push(Arc::clone(batch.column(index)));
            }
            continue;
        }
        let mut ty = Type::Null;
        let mut values = Vec::new();
        for batch in batches {
            let column = batch.column(index);
            let own = (0..batch.num_rows())
                .map(|row| Ok(plain(Value::from_array(column, row)?)))
                .collect::<Result<Vec<_>>>()?;
            ty = own.iter().fold(ty, |ty, value| ty.unify(&value.type_of()));
            values.push(own);
        }
        if ty.may_hold_any() {
            ty = Type::String;
            for value in values.iter_mut().flatten() {
                *value = match std::mem::replace(value, Value::Null) {
                    Value::Null => Value::Null,
                    Value::String(text) => Value::String(text),
                    other => Value::String(other.to_string()),
                };
            }
        }
        fields.push(Arc::new(Field::new(field.name(), ty.to_arrow(), true)));
        for (all, own) in columns.iter_mut().zip(&values) {
            all.push(Value::column(own, &ty.to_arrow())?);
        }
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches = columns
        .into_iter()
        .zip(batches)
        .map(|(columns, batch)| {
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(
                Arc::clone(&schema),
                columns,
                &options,
            )?)
        })
        .collect::<Result<_>>()?;
    Ok((schema, batches))
}

/// The value in terms of plain ones: entities and paths as maps, what Arrow has no type for as text.
#[must_use]
pub fn plain(value: Value) -> Value {
    let entries = |entries: [(&str, Value); 3]| {
        let named = entries.map(|(key, value)| (key.to_owned(), value));
        Value::Map(BTreeMap::from(named))
    };
    let all = |items: Vec<Value>| Value::List(items.into_iter().map(plain).collect());
    let map = |items: BTreeMap<String, Value>| {
        Value::Map(
            items
                .into_iter()
                .map(|(key, item)| (key, plain(item)))
                .collect(),
        )
    };
    match value {
        Value::Node(node) => {
            let contents = node.contents.unwrap_or_default();
            let labels = contents.labels.into_iter().map(Value::String).collect();
            entries([
                ("id", Value::Int64(node.id as i64)),
                ("labels", Value::List(labels)),
                ("properties", map(contents.properties)),
            ])
        }
        Value::Hyperedge(hyperedge) => {
            let contents = hyperedge.contents.unwrap_or_default();
            entries([
                ("id", Value::Int64(hyperedge.id as i64)),
                ("type", Value::String(contents.type_name)),
                ("properties", map(contents.properties)),
            ])
        }
        Value::Incidence(incidence) => {
            let member = incidence.member.entity_id();
            entries([
                ("hyperedge", Value::Int64(incidence.hyperedge.id as i64)),
                ("role", Value::String(incidence.role)),
                (
                    "member",
                    member.map_or(Value::Null, |id| Value::Int64(id as i64)),
                ),
            ])
        }
        Value::Path(path) => {
            let named = [
                ("nodes".to_owned(), all(path.nodes)),
                ("relationships".to_owned(), all(path.relationships)),
            ];
            Value::Map(BTreeMap::from(named))
        }
        Value::List(items) => all(items),
        Value::Map(items) => map(items),
        Value::Time(_) | Value::Duration(_) => Value::String(value.to_string()),
        value @ (Value::DateTime(_) | Value::LocalDateTime(_) | Value::Date(_))
            if value.type_of() == Type::Any =>
        {
            Value::String(value.to_string())
        }
        other => other,
    }
}
