//! Batches as CSV text that reads back as what it was: null is nothing, an empty text is quoted.

use std::io::Write;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use grism_core::{Error, Result};

use super::Dialect;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 16;

/// Adds a value; null is nothing at all.
pub fn push_value(out: &mut Vec<u8>, value: Option<&[u8]>, dialect: Dialect) {
    let Some(value) = value else { return };
    let must_quote = |byte: &u8| {
        *byte == dialect.delimiter || *byte == dialect.quote || *byte == b'\n' || *byte == b'\r'
    };
    if !value.is_empty() && !value.iter().any(must_quote) {
        out.extend_from_slice(value);
        return;
    }
    out.push(dialect.quote);
    for byte in value {
        if *byte == dialect.quote {
            out.push(*byte);
        }
        out.push(*byte);
    }
    out.push(dialect.quote);
}

/// Writes batches as CSV: a null is an empty value, an empty text a quoted one; floats that are no numbers are `NaN`, `inf` and
/// `-inf`.
#[derive(Debug)]
pub struct CsvWriter<W> {
    out: W,
    dialect: Dialect,
    gathered: Vec<u8>,
}

impl<W: Write> CsvWriter<W> {
    /// Values with `delimiter` between them go to `out`; with their names in the first line where `header` says so.
    ///
    /// # Errors
    /// `Unsupported` for lists, maps and entities.
    pub fn new(out: W, schema: &SchemaRef, delimiter: u8, header: bool) -> Result<Self> {
        let nested = |data_type: &DataType| data_type.is_nested();
        let mut fields = schema.fields().iter();
        if let Some(field) = fields.find(|field| nested(field.data_type())) {
            return Err(Error::unsupported(format!(
                "`{}` holds lists, maps or entities, which CSV cannot; take json, parquet or arrow",
                field.name()
            )));
        }
        let mut writer = Self {
            out,
            dialect: Dialect {
                delimiter,
                ..Dialect::default()
            },
            gathered: Vec::new(),
        };
        if header {
            for (place, field) in schema.fields().iter().enumerate() {
                if place > 0 {
                    writer.gathered.push(delimiter);
                }
                let name = field.name().as_str();
                // Spaces around a plain name are left out where it is read.
                let is_plain = name.trim() == name && !name.is_empty();
                if is_plain {
                    push_value(&mut writer.gathered, Some(name.as_bytes()), writer.dialect);
                } else {
                    writer.gathered.push(b'"');
                    writer
                        .gathered
                        .extend_from_slice(name.replace('"', "\"\"").as_bytes());
                    writer.gathered.push(b'"');
                }
            }
            writer.gathered.push(b'\n');
        }
        Ok(writer)
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// Those of writing; `InvalidData` for a value that cannot be displayed.
    pub fn write(&mut self, batch: &RecordBatch) -> std::io::Result<()> {
        let options = FormatOptions::default().with_display_error(false);
        let failed = |error: arrow::error::ArrowError| std::io::Error::other(error.to_string());
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).map_err(failed))
            .collect::<std::io::Result<Vec<_>>>()?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for (place, column) in batch.columns().iter().enumerate() {
                if place > 0 {
                    self.gathered.push(self.dialect.delimiter);
                }
                if column.is_null(row) || column.data_type() == &DataType::Null {
                    continue;
                }
                let value = match column.as_string_opt::<i32>() {
                    Some(texts) => texts.value(row).as_bytes(),
                    None => {
                        text.clear();
                        let value = formatters[place].value(row);
                        value.write(&mut text).map_err(failed)?;
                        text.as_bytes()
                    }
                };
                push_value(&mut self.gathered, Some(value), self.dialect);
            }
            self.gathered.push(b'\n');
            if self.gathered.len() >= GATHERED {
                self.give()?;
            }
        }
        Ok(())
    }

    fn give(&mut self) -> std::io::Result<()> {
        self.out.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    /// Writes what is gathered, and gives back what was written to.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.give()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, StringArray};

    use super::*;

    #[test]
    fn null_and_an_empty_text_are_written_apart() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![
            Some(""),
            None,
            Some("a \"b\""),
            Some("c;d"),
            Some("e\nf"),
        ]));
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(f64::NAN),
            Some(f64::NEG_INFINITY),
            None,
            Some(2.0),
            Some(1e300),
        ]));
        let batch = RecordBatch::try_from_iter([(" t", texts), ("n", numbers)]).unwrap();
        let mut writer = CsvWriter::new(Vec::new(), &batch.schema(), b';', true).unwrap();
        writer.write(&batch).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let lines = "\" t\";n\n\"\";NaN\n;-inf\n\"a \"\"b\"\"\";\n\"c;d\";2.0\n\"e\nf\";1e300\n";
        assert_eq!(text, lines);
    }
}
