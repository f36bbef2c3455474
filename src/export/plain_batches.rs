//! Batches whose columns every reader of Arrow knows.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, Type, Value};
use grism_engine::RecordBatchStream;

use super::column::{column, with_texts_for_empty, without_empty_structs};
use super::shape::Shape;

/// Who reads the batches, and so which types of Arrow there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainForm {
    /// Readers that know all of Arrow: durations are intervals, instants have their zone.
    Arrow,
    /// Polars, which has no intervals: durations without months are lengths of time, others texts.
    Polars,
    /// Parquet, which has neither intervals nor maps without keys: both are texts.
    Parquet,
    /// Writers of text, which know neither intervals nor the names of zones.
    Text,
}

impl PlainForm {
    pub(super) fn has_zones(self) -> bool {
        self != Self::Text
    }

    pub(super) fn has_empty_structs(self) -> bool {
        self != Self::Parquet
    }
}

/// Whether a column of the type holds dynamically typed values, as bytes that only Grism reads.
#[must_use]
pub fn is_dynamic(data_type: &DataType) -> bool {
    Type::of_column(data_type).may_hold_any()
}

/// The batches with every dynamically typed column as a plain one: of the type that all its values have, entities and
/// paths as structs, or, where they have none in common, as text. Entities with different properties share a struct of
/// all of them.
///
/// # Errors
/// `InvalidData` where a dynamically typed value is malformed; `ResourceExhausted` where lists do not fit into one column.
pub fn plain_batches(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    form: PlainForm,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let (mut schema, mut batches) = if has_dynamic(schema) {
        with_plain_columns(schema, batches, form)?
    } else {
        (Arc::clone(schema), batches.to_vec())
    };
    if !form.has_empty_structs() {
        schema = without_empty_structs(&schema);
        for batch in &mut batches {
            *batch = with_texts_for_empty(batch, &schema)?;
        }
    }
    Ok((schema, batches))
}

/// As [`plain_batches`], of batches that come one by one; they are collected only where a column is dynamically typed:
/// what type it has for other readers is known when all its values are.
///
/// # Errors
/// As [`plain_batches`], and those of the stream.
pub async fn plain_stream(
    schema: &SchemaRef,
    stream: RecordBatchStream,
    form: PlainForm,
) -> Result<(SchemaRef, RecordBatchStream)> {
    if has_dynamic(schema) {
        let all: Vec<RecordBatch> = stream.try_collect().await?;
        let (schema, batches) = plain_batches(schema, &all, form)?;
        let stream = futures::stream::iter(batches.into_iter().map(Ok));
        return Ok((schema, stream.boxed()));
    }
    if form.has_empty_structs() {
        return Ok((Arc::clone(schema), stream));
    }
    let plain = without_empty_structs(schema);
    let kept = Arc::clone(&plain);
    let stream = stream.map(move |batch| with_texts_for_empty(&batch?, &kept));
    Ok((plain, stream.boxed()))
}

fn has_dynamic(schema: &SchemaRef) -> bool {
    let mut fields = schema.fields().iter();
    fields.any(|field| is_dynamic(field.data_type()))
}

fn with_plain_columns(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    form: PlainForm,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
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
        let mut shape = Shape::Null;
        let mut values = Vec::new();
        for batch in batches {
            let cells = batch.column(index);
            let own = (0..batch.num_rows())
                .map(|row| Value::from_array(cells, row))
                .collect::<Result<Vec<_>>>()?;
            shape = own.iter().map(Shape::of).fold(shape, Shape::unify);
            values.push(own);
        }
        let data_type = column(&[], &shape, form)?.data_type().clone();
        fields.push(Arc::new(Field::new(field.name(), data_type, true)));
        for (all, own) in columns.iter_mut().zip(&values) {
            all.push(column(own, &shape, form)?);
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
