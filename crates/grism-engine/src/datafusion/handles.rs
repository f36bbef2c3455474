//! Shared values kept out of DataFusion's operators, which copy them where they put rows of several batches together:
//! rows carry a number through the operator, and get their values back behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayData, ArrayRef, DictionaryArray, UInt32Array, UInt64Array};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type};
use arrow::record_batch::RecordBatch;
use datafusion_execution::TaskContext;
use datafusion_execution::memory_pool::{MemoryConsumer, MemoryReservation};
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, slice_bytes};
use grism_functions::SharedValues;

use super::error::from_datafusion;
use crate::RecordBatchStream;
use crate::batch::batch_of;

/// The shared columns of one schema. The values are held in memory until the operator ends.
#[derive(Debug)]
pub(super) struct Handles {
    schema: SchemaRef,
    plain: SchemaRef,
    columns: Vec<HandleColumn>,
    held: Mutex<MemoryReservation>,
}

/// A shared column: where it stands, and the values its batches had.
#[derive(Debug)]
struct HandleColumn {
    place: usize,
    sources: Mutex<Vec<(ArrayData, ArrayRef)>>,
}

impl Handles {
    /// Of the shared columns of `schema`; `None` where there are none.
    pub(super) fn of(schema: &SchemaRef, task: &TaskContext) -> Option<Arc<Self>> {
        let is_shared = |field: &Field| matches!(field.data_type(), DataType::Dictionary(..));
        let columns: Vec<HandleColumn> = (0..schema.fields().len())
            .filter(|place| is_shared(schema.field(*place)))
            .map(|place| HandleColumn {
                place,
                sources: Mutex::default(),
            })
            .collect();
        if columns.is_empty() {
            return None;
        }
        let fields: Vec<Field> = schema
            .fields()
            .iter()
            .map(|field| match is_shared(field) {
                true => Field::new(field.name(), DataType::UInt64, true),
                false => field.as_ref().clone(),
            })
            .collect();
        Some(Arc::new(Self {
            schema: Arc::clone(schema),
            plain: Arc::new(Schema::new(fields)),
            columns,
            held: Mutex::new(MemoryConsumer::new("shared values").register(task.memory_pool())),
        }))
    }

    /// The schema with numbers in place of shared values.
    pub(super) fn plain_schema(&self) -> &SchemaRef {
        &self.plain
    }

    /// `stream` with numbers in place of shared values.
    pub(super) fn strip(self: &Arc<Self>, stream: RecordBatchStream) -> RecordBatchStream {
        let own = Arc::clone(self);
        stream
            .and_then(move |batch| std::future::ready(own.strip_batch(&batch)))
            .boxed()
    }

    fn strip_batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        for column in &self.columns {
            let shared = SharedValues::of(&columns[column.place])?
                .ok_or_else(|| Error::internal("a column that does not share its values"))?;
            let source = self.source(column, &shared.values)? as u64;
            let handles: UInt64Array = shared
                .keys
                .values()
                .iter()
                .map(|key| Some(source << 32 | u64::from(*key)))
                .collect();
            columns[column.place] = Arc::new(handles);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.plain), columns)?)
    }

    /// The number of `values` among those that the column had.
    fn source(&self, column: &HandleColumn, values: &ArrayRef) -> Result<usize> {
        let data = values.to_data();
        let mut sources = column
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = sources.iter().rposition(|(own, _)| own.ptr_eq(&data)) {
            return Ok(place);
        }
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_grow(slice_bytes(values))
            .map_err(from_datafusion)?;
        sources.push((data, Arc::clone(values)));
        Ok(sources.len() - 1)
    }

    /// `batch`, whose columns from `first` on are this schema's with numbers in them, with the values put back.
    pub(super) fn restore(&self, batch: &RecordBatch, first: usize) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
        for column in &self.columns {
            let place = first + column.place;
            columns[place] = self.values(column, &columns[place])?;
            fields[place] = Arc::new(self.schema.field(column.place).clone());
        }
        let schema = Arc::new(Schema::new(fields));
        batch_of(&schema, columns, batch.num_rows())
    }

    fn values(&self, column: &HandleColumn, handles: &ArrayRef) -> Result<ArrayRef> {
        let handles = handles
            .as_any()
            .downcast_ref::<UInt64Array>()
            .ok_or_else(|| Error::internal("numbers of shared values were lost"))?;
        let sources = column
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let source = |handle: u64| (handle >> 32) as usize;
        let mut all = handles.iter().flatten();
        let only = all.next().map(source);
        if let Some(only) = only
            && all.all(|handle| source(handle) == only)
        {
            let keys: UInt32Array = handles
                .iter()
                .map(|handle| handle.map(|handle| handle as u32))
                .collect();
            let values = Arc::clone(&sources[only].1);
            return Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(
                keys, values,
            )?));
        }
        let mut known: HashMap<u64, u32> = HashMap::new();
        let mut places = Vec::new();
        let keys: UInt32Array = handles
            .iter()
            .map(|handle| {
                let handle = handle?;
                Some(*known.entry(handle).or_insert_with(|| {
                    places.push((source(handle), handle as u32 as usize));
                    places.len() as u32 - 1
                }))
            })
            .collect();
        let values = if places.is_empty() {
            let DataType::Dictionary(_, value) = self.schema.field(column.place).data_type() else {
                return Err(Error::internal("a column that does not share its values"));
            };
            arrow::array::new_empty_array(value)
        } else {
            let pieces: Vec<&dyn Array> = sources.iter().map(|(_, own)| own.as_ref()).collect();
            interleave(&pieces, &places)?
        };
        Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(
            keys, values,
        )?))
    }
}

/// `stream` with the values of `handles` put back, where there are any.
pub(super) fn restored(
    stream: RecordBatchStream,
    handles: Option<Arc<Handles>>,
    first: usize,
) -> RecordBatchStream {
    match handles {
        Some(handles) => stream
            .and_then(move |batch| std::future::ready(handles.restore(&batch, first)))
            .boxed(),
        None => stream,
    }
}
