//! Parquet's old times of 96 bits, which reach further than nanoseconds of 64 bits do, and which its reader wraps around.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Field, FieldRef, Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Type as PhysicalType;

use super::arrow_column::exact_cast;

/// The columns of a file that hold such times, to be read a second time, as microseconds.
#[derive(Clone, Debug)]
pub(super) struct WideTimes {
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) mask: ProjectionMask,
    /// Their places among the columns of the file.
    places: Vec<usize>,
}

impl WideTimes {
    /// Those of a file; `None` where it has none.
    ///
    /// # Errors
    /// Those of Parquet.
    pub(super) fn of(metadata: &ArrowReaderMetadata) -> parquet::errors::Result<Option<Self>> {
        let columns = metadata.metadata().file_metadata().schema_descr_ptr();
        let mut places: Vec<usize> = (0..columns.num_columns())
            .filter(|leaf| columns.column(*leaf).physical_type() == PhysicalType::INT96)
            .map(|leaf| columns.get_column_root_idx(leaf))
            .collect();
        places.dedup();
        if places.is_empty() {
            return Ok(None);
        }
        let fields = metadata.schema().fields().iter().enumerate();
        let fields = fields.map(|(place, field)| match places.contains(&place) {
            true => in_micros(field),
            false => Arc::clone(field),
        });
        let schema = Schema::new(fields.collect::<Vec<FieldRef>>());
        let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
        Ok(Some(Self {
            metadata: ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?,
            mask: ProjectionMask::roots(&columns, places.iter().copied()),
            places,
        }))
    }

    /// `batch`, whose times are nanoseconds, with those columns of `micros` in their place that reach further.
    ///
    /// # Errors
    /// `InvalidData` for times out of range that microseconds do not hold either.
    pub(super) fn merged(&self, batch: &RecordBatch, micros: &RecordBatch) -> Result<RecordBatch> {
        let mut fields: Vec<FieldRef> = batch.schema().fields().to_vec();
        let mut columns = batch.columns().to_vec();
        for (place, wide) in self.places.iter().zip(micros.columns()) {
            let nanos = &columns[*place];
            if exact_cast(wide, nanos.data_type()).is_ok() {
                continue;
            }
            if !is_whole(wide, nanos) {
                return Err(Error::invalid_data(format!(
                    "column `{}`: a time out of the range of nanoseconds",
                    fields[*place].name()
                )));
            }
            fields[*place] = Arc::new(
                fields[*place]
                    .as_ref()
                    .clone()
                    .with_data_type(wide.data_type().clone()),
            );
            columns[*place] = Arc::clone(wide);
        }
        let schema = Schema::new_with_metadata(fields, batch.schema().metadata().clone());
        Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
    }
}

/// The field with times of microseconds in the place of those of nanoseconds, at any depth.
fn in_micros(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::List(item) => DataType::List(in_micros(item)),
        DataType::LargeList(item) => DataType::LargeList(in_micros(item)),
        DataType::Map(entries, sorted) => DataType::Map(in_micros(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(in_micros).collect()),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// Whether times of microseconds are those of nanoseconds, which were wrapped around, with nothing below a microsecond.
fn is_whole(micros: &ArrayRef, nanos: &ArrayRef) -> bool {
    let (Some(micros), Some(nanos)) = (
        micros.as_primitive_opt::<TimestampMicrosecondType>(),
        nanos.as_primitive_opt::<TimestampNanosecondType>(),
    ) else {
        return false;
    };
    let wrapped = micros.unary::<_, Int64Type>(|micros| micros.wrapping_mul(1_000));
    (0..micros.len()).all(|row| micros.is_null(row) || wrapped.value(row) == nanos.value(row))
}
