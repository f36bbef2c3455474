//! Rows as JSON.

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::record_batch::RecordBatch;
use grism::Result;
use grism_text::{push_json, push_json_text};

use super::cell::value_of;

/// A row as a line with an object.
pub(super) fn json_line(schema: &SchemaRef, batch: &RecordBatch, row: usize) -> Result<Vec<u8>> {
    let mut line = vec![b'{'];
    for (place, (field, column)) in schema.fields().iter().zip(batch.columns()).enumerate() {
        if place > 0 {
            line.push(b',');
        }
        push_json_text(&mut line, field.name());
        line.push(b':');
        push_cell(&mut line, field, column, row)?;
    }
    line.extend_from_slice(b"}\n");
    Ok(line)
}

/// A cell; dates and times are written as ISO 8601 has them.
fn push_cell(out: &mut Vec<u8>, field: &Field, column: &dyn Array, row: usize) -> Result<()> {
    if matches!(
        column.data_type(),
        DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_)
    ) && column.is_valid(row)
    {
        let text = arrow::util::display::array_value_to_string(column, row)?;
        push_json_text(out, &text);
        return Ok(());
    }
    push_json(out, value_of(field, column, row)?);
    Ok(())
}
