//! CASE and coalesce: each branch is evaluated only for the rows that take it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, new_null_array};
use arrow::compute::{filter_record_batch, interleave};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::Result;
use grism_functions::Operand;

use super::node::Node;
use super::rows::Rows;

/// The value of the first branch whose condition holds; a branch without a condition takes what is left.
pub(super) fn choose(
    branches: &[(Option<Node>, Node)],
    batch: Rows<'_>,
    data_type: &DataType,
    stop_at_value: bool,
) -> Result<Operand> {
    let rows = batch.num_rows();
    let mut open: Vec<u32> = (0..rows as u32).collect();
    let mut places: Vec<(usize, usize)> = vec![(0, 0); rows];
    let mut pieces: Vec<ArrayRef> = vec![new_null_array(data_type, 1)];
    let mut remaining = RecordBatch::clone(&batch);
    for (condition, value) in branches {
        if open.is_empty() {
            break;
        }
        let taken = match condition {
            Some(condition) => {
                let flags = condition
                    .evaluate(batch.over(&remaining))?
                    .into_column(open.len())?;
                definite(&Operand::column(flags).booleans()?)
            }
            None => BooleanArray::from(vec![true; open.len()]),
        };
        if taken.true_count() == 0 {
            continue;
        }
        let selected = filter_record_batch(&remaining, &taken)?;
        let values = value
            .evaluate(batch.over(&selected))?
            .cast(data_type)?
            .into_column(selected.num_rows())?;
        // coalesce() takes a value only where it is not null, and goes on with the rest.
        let done: BooleanArray = if stop_at_value {
            (0..values.len())
                .map(|row| Some(values.is_valid(row) && data_type != &DataType::Null))
                .collect()
        } else {
            taken.clone()
        };
        let piece = pieces.len();
        let mut at = 0;
        let mut left = Vec::new();
        for (row, place) in open.iter().enumerate() {
            if taken.value(row) {
                if !stop_at_value || done.value(at) {
                    places[*place as usize] = (piece, at);
                } else {
                    left.push(*place);
                }
                at += 1;
            } else {
                left.push(*place);
            }
        }
        let stays: BooleanArray = done.iter().map(|flag| Some(flag != Some(true))).collect();
        remaining = filter_record_batch(&remaining, &stays)?;
        open = left;
        pieces.push(values);
    }
    let arrays: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    if data_type == &DataType::Null {
        return Ok(Operand::column(new_null_array(data_type, rows)));
    }
    if let [_, only] = &pieces[..]
        && places
            .iter()
            .enumerate()
            .all(|(row, place)| *place == (1, row))
    {
        return Ok(Operand::column(Arc::clone(only)));
    }
    Ok(Operand::column(interleave(&arrays, &places)?))
}

/// Null counts as false.
fn definite(flags: &BooleanArray) -> BooleanArray {
    match flags.nulls() {
        None => flags.clone(),
        Some(nulls) => BooleanArray::new(flags.values() & nulls.inner(), None),
    }
}
