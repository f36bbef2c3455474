//! The Arrow C stream of a Python object, read batch by batch.
//!
//! Arrow's own reader fails for slices of structs within structs, whose children it cuts twice.

use std::ffi::{CStr, c_int};
use std::sync::Arc;

use arrow::array::{ArrayData, StructArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::{ArrowError, Result};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// The name of the capsules that hold such streams.
const CAPSULE: &CStr = c"arrow_array_stream";

/// Batches as they come from a library in another language.
pub(super) struct ForeignStream {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
}

impl ForeignStream {
    /// Takes the stream of `table` over.
    ///
    /// # Errors
    /// Those of the table; `ValueError` for a stream without a schema.
    pub(super) fn of(table: &Bound<'_, PyAny>) -> PyResult<Self> {
        let capsule = table.call_method0("__arrow_c_stream__")?;
        let capsule = capsule.cast::<PyCapsule>()?;
        let pointer = capsule.pointer_checked(Some(CAPSULE))?;
        // SAFETY: a capsule of that name holds a stream, which is moved out of it.
        #[expect(unsafe_code, reason = "the protocol is one of pointers")]
        let stream = unsafe {
            FFI_ArrowArrayStream::from_raw(pointer.cast::<FFI_ArrowArrayStream>().as_ptr())
        };
        let wrong = |error: ArrowError| pyo3::exceptions::PyValueError::new_err(error.to_string());
        Self::new(stream).map_err(wrong)
    }

    fn new(mut stream: FFI_ArrowArrayStream) -> Result<Self> {
        let Some(get_schema) = stream.get_schema.filter(|_| stream.release.is_some()) else {
            return Err(ArrowError::CDataInterface(
                "the stream was taken before".to_owned(),
            ));
        };
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the stream is one that was not released, and the schema is written before it is read.
        #[expect(unsafe_code, reason = "the protocol is one of pointers")]
        let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
        if code != 0 {
            return Err(failed(&mut stream, code));
        }
        let schema = Arc::new(Schema::try_from(&schema)?);
        Ok(Self { stream, schema })
    }

    /// The columns of all batches.
    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next array of structs; `None` at the end.
    fn next_data(&mut self) -> Result<Option<ArrayData>> {
        let Some(get_next) = self.stream.get_next else {
            return Ok(None);
        };
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: the stream is one that was not released, and the array is written before it is read.
        #[expect(unsafe_code, reason = "the protocol is one of pointers")]
        let code = unsafe { get_next(&raw mut self.stream, &raw mut array) };
        if code != 0 {
            return Err(failed(&mut self.stream, code));
        }
        if array.is_released() {
            return Ok(None);
        }
        let data_type = DataType::Struct(self.schema.fields().clone());
        // SAFETY: the stream says that its arrays are of its schema.
        #[expect(unsafe_code, reason = "the protocol is one of pointers")]
        let data = unsafe { from_ffi_and_data_type(array, data_type) };
        data.map(Some)
    }
}

impl Iterator for ForeignStream {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let schema = self.schema();
        let batch = |data: ArrayData| {
            let rows = data.len();
            let columns = StructArray::from(cut(&data, 0, rows)?).into_parts().1;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            RecordBatch::try_new_with_options(schema, columns, &options)
        };
        self.next_data()
            .transpose()
            .map(|data| data.and_then(batch))
    }
}

/// A part of an array in which nothing whose children stand row by row has an offset: the children are cut instead, each once.
fn cut(data: &ArrayData, offset: usize, length: usize) -> Result<ArrayData> {
    // The values of a row in each child; `None` where buffers say which they are.
    let values = match data.data_type() {
        DataType::Struct(_) => Some(1),
        DataType::FixedSizeList(_, size) => usize::try_from(*size).ok(),
        _ => None,
    };
    let Some(values) = values else {
        if data.child_data().is_empty() {
            return Ok(data.slice(offset, length));
        }
        let children = data.child_data().iter();
        let children = children.map(|own| cut(own, 0, own.len()));
        let children = children.collect::<Result<Vec<_>>>()?;
        let part = data.slice(offset, length).into_builder();
        return part.child_data(children).build();
    };
    let first = (data.offset() + offset) * values;
    let children = data.child_data().iter();
    let children = children.map(|own| match first + length * values <= own.len() {
        true => cut(own, first, length * values),
        false => Err(ArrowError::CDataInterface(
            "a column has more rows than the values that it holds".to_owned(),
        )),
    });
    ArrayData::builder(data.data_type().clone())
        .len(length)
        .nulls(data.nulls().map(|nulls| nulls.slice(offset, length)))
        .child_data(children.collect::<Result<_>>()?)
        .build()
}

/// The error that a stream tells.
fn failed(stream: &mut FFI_ArrowArrayStream, code: c_int) -> ArrowError {
    let told = stream.get_last_error.and_then(|get_last_error| {
        // SAFETY: the stream is one that was not released; its text ends with a zero, and is copied before the next call.
        #[expect(unsafe_code, reason = "the protocol is one of pointers")]
        unsafe {
            let text = get_last_error(std::ptr::from_mut(stream));
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    });
    ArrowError::CDataInterface(told.unwrap_or_else(|| format!("error {code} without a message")))
}
