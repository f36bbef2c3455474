//! Batches as JSON lines whose floats read back as they were: JSON has no word for those that are no numbers, so that they are
//! texts.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array};
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, NullableEncoder};
use arrow::json::{Encoder, EncoderFactory, EncoderOptions, LineDelimitedWriter, WriterBuilder};

/// Writes JSON lines to `out`.
pub(crate) fn json_lines<W: Write>(out: W) -> LineDelimitedWriter<W> {
    WriterBuilder::new()
        .with_encoder_factory(Arc::new(WholeFloats))
        .build::<_, LineDelimited>(out)
}

/// Encodes columns of floats, at any depth.
#[derive(Debug)]
struct WholeFloats;

struct Floats<'a>(&'a Float64Array);

impl EncoderFactory for WholeFloats {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        if array.data_type() != &DataType::Float64 {
            return Ok(None);
        }
        let floats = Floats(array.as_primitive());
        let nulls = array.nulls().cloned();
        Ok(Some(NullableEncoder::new(Box::new(floats), nulls)))
    }
}

impl Encoder for Floats<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let number = self.0.value(row);
        let text = if number.is_nan() {
            "\"NaN\"".to_owned()
        } else if number.is_infinite() {
            let sign = if number < 0.0 { "-" } else { "" };
            format!("\"{sign}Infinity\"")
        } else {
            // The shortest text that reads back as the float, with a point that tells it from an integer.
            format!("{number:?}")
        };
        out.extend_from_slice(text.as_bytes());
    }
}
