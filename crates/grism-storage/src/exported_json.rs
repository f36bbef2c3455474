//! Batches as JSON lines that read back as they were: floats, and columns of values of any type, are written as single values
//! are.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, NullableEncoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions, LineDelimitedWriter, WriterBuilder};
use grism_core::Value;
use grism_text::push_json;

/// Writes JSON lines to `out`.
pub(crate) fn json_lines<W: Write>(out: W) -> LineDelimitedWriter<W> {
    WriterBuilder::new()
        .with_encoder_factory(Arc::new(WholeValues))
        .build::<_, LineDelimited>(out)
}

/// Encodes floats and dynamically typed values, at any depth of a column.
#[derive(Debug)]
struct WholeValues;

struct Floats<'a>(&'a Float64Array);

/// The texts of values by rows.
struct Written(Vec<Vec<u8>>);

impl EncoderFactory for WholeValues {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        match array.data_type() {
            DataType::Float64 => {
                let floats = Floats(array.as_primitive());
                let nulls = array.nulls().cloned();
                Ok(Some(NullableEncoder::new(Box::new(floats), nulls)))
            }
            // Values of any type.
            DataType::LargeBinary => {
                let mut texts = Vec::with_capacity(array.len());
                let mut known = Vec::with_capacity(array.len());
                for row in 0..array.len() {
                    let value = Value::from_array(array, row)
                        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
                    known.push(!value.is_null());
                    let mut text = Vec::new();
                    push_json(&mut text, value);
                    texts.push(text);
                }
                let nulls = Some(NullBuffer::from(known));
                Ok(Some(NullableEncoder::new(Box::new(Written(texts)), nulls)))
            }
            _ => Ok(None),
        }
    }
}

impl Encoder for Floats<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        push_json(out, Value::Float64(self.0.value(row)));
    }
}

impl Encoder for Written {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0[row]);
    }
}
