//! Parts of lists: single elements, ranges of elements, and the offsets of new lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::DataType;
use grism_core::{Error, ErrorKind, Result};

use crate::{Budget, mean_bytes};

/// Where the element at `position` of the list `list` lies among all elements; a negative position counts from the end.
#[must_use]
pub fn element(lists: &ListArray, list: usize, position: i64) -> Option<u32> {
    if lists.is_null(list) {
        return None;
    }
    let (start, length) = (lists.value_offsets()[list], lists.value_length(list));
    let position = if position < 0 {
        position + i64::from(length)
    } else {
        position
    };
    let fits = (0..i64::from(length)).contains(&position);
    fits.then(|| (i64::from(start) + position) as u32)
}

/// A list for each part of the elements of others; `None` is null.
///
/// # Errors
/// `ResourceExhausted` where they do not fit one column.
pub fn parts_of(
    lists: &ListArray,
    parts: &[Option<std::ops::Range<u32>>],
    budget: &Budget,
) -> Result<ArrayRef> {
    let DataType::List(field) = lists.data_type() else {
        return Err(Error::internal("a list of another type"));
    };
    let lengths: Vec<usize> = parts
        .iter()
        .map(|part| part.as_ref().map_or(0, |part| part.len()))
        .collect();
    let offsets = offsets_of(&lengths, budget)?;
    budget.reserve(
        lengths
            .iter()
            .sum::<usize>()
            .saturating_mul(mean_bytes(lists.values()) + 4),
    )?;
    let places: UInt32Array = parts
        .iter()
        .flatten()
        .cloned()
        .flatten()
        .map(Some)
        .collect();
    let nulls: NullBuffer = parts.iter().map(Option::is_some).collect();
    let values = take(lists.values(), &places, None)?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(field),
        offsets,
        values,
        Some(nulls),
    )?))
}

/// The offsets of lists of these lengths.
///
/// # Errors
/// `ResourceExhausted` where they hold more elements than 32-bit offsets reach.
pub fn offsets_of(lengths: &[usize], budget: &Budget) -> Result<OffsetBuffer<i32>> {
    let total = lengths
        .iter()
        .try_fold(0usize, |sum, length| sum.checked_add(*length))
        .filter(|total| i32::try_from(*total).is_ok());
    let Some(_) = total else {
        return Err(Error::new(
            ErrorKind::ResourceExhausted,
            "lists of more than 2,147,483,647 elements do not fit into one column",
        ));
    };
    budget.reserve(lengths.len().saturating_mul(4))?;
    Ok(OffsetBuffer::from_lengths(lengths.iter().copied()))
}
