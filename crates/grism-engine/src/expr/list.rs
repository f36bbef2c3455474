//! Lists and maps: building, indexing, slicing, and functions of lists.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int64Array, ListArray, StructArray, UInt32Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Fields};
use grism_core::{Error, Result, Value};
use grism_logical::ScalarFunction as F;

use super::budget::{Budget, Rows};
use super::indexed::Indexed;
use super::operand::{Operand, computed_rows, map_rows};
use super::range::ranges;
use crate::shared::{mean_bytes, take_rows};

/// `[a, b, …]`.
pub(super) fn make_list(
    items: &[Operand],
    rows: Rows<'_>,
    data_type: &DataType,
) -> Result<Operand> {
    let DataType::List(field) = data_type else {
        return Err(Error::internal("a list expression of another type"));
    };
    let inputs: Vec<&Operand> = items.iter().collect();
    let count = computed_rows(&inputs, rows.num_rows());
    let width = items.len();
    let bytes: usize = items.iter().map(|item| mean_bytes(item.array())).sum();
    rows.budget().reserve(count.saturating_mul(bytes))?;
    let offsets = offsets_of(&vec![width; count], rows.budget())?;
    let columns = items
        .iter()
        .map(|item| item.cast(field.data_type())?.into_column(count))
        .collect::<Result<Vec<ArrayRef>>>()?;
    let values = if width == 0 {
        new_null_array(field.data_type(), 0)
    } else {
        let places: Vec<(usize, usize)> = (0..count)
            .flat_map(|row| (0..width).map(move |item| (item, row)))
            .collect();
        let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        interleave(&columns, &places)?
    };
    let list = ListArray::try_new(Arc::clone(field), offsets, values, None)?;
    Ok(Operand::over(&inputs, Arc::new(list)))
}

/// `{a: …, b: …}`.
pub(super) fn make_map(entries: &[Operand], rows: usize, fields: &Fields) -> Result<Operand> {
    let inputs: Vec<&Operand> = entries.iter().collect();
    let count = computed_rows(&inputs, rows);
    if entries.is_empty() {
        return Ok(Operand::over(
            &inputs,
            Arc::new(StructArray::new_empty_fields(count, None)),
        ));
    }
    let columns = entries
        .iter()
        .zip(fields)
        .map(|(entry, field)| entry.cast(field.data_type())?.into_column(count))
        .collect::<Result<Vec<_>>>()?;
    Ok(Operand::over(
        &inputs,
        Arc::new(StructArray::try_new(fields.clone(), columns, None)?),
    ))
}

/// One entry of a map.
pub(super) fn field(base: &Operand, key: &str, rows: usize) -> Result<Operand> {
    if base.is_null_type() {
        return Ok(base.clone());
    }
    let structs = base.as_array::<StructArray>()?;
    let Some(column) = structs.column_by_name(key) else {
        return Ok(Operand::over(
            &[base],
            new_null_array(&DataType::Null, computed_rows(&[base], rows)),
        ));
    };
    let column = match structs.nulls() {
        _ if column.data_type() == &DataType::Null => Arc::clone(column),
        // An entry of a null map is null, whatever its own column holds there.
        Some(outer) => {
            let nulls = NullBuffer::union(Some(outer), column.logical_nulls().as_ref());
            arrow::array::make_array(column.to_data().into_builder().nulls(nulls).build()?)
        }
        None => Arc::clone(column),
    };
    Ok(Operand::over(&[base], column))
}

/// `base[index]`.
pub(super) fn index(
    base: &Indexed,
    position: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    let single = base.is_scalar() && position.is_scalar();
    let count = if single { 1 } else { rows };
    let answer = |array| {
        if single {
            Operand::scalar(array)
        } else {
            Operand::column(array)
        }
    };
    let lists = base.values.as_any().downcast_ref::<ListArray>();
    let positions = position.array().as_any().downcast_ref::<Int64Array>();
    let (Some(lists), Some(positions)) = (lists, positions) else {
        return Ok(answer(new_null_array(data_type, count)));
    };
    let places: UInt32Array = (0..count)
        .map(|row| {
            let (list, at) = (base.at(row), position.at(row));
            if positions.is_null(at) {
                return None;
            }
            element(lists, list, positions.value(at))
        })
        .collect();
    answer(take_rows(lists.values(), &places)?).cast(data_type)
}

/// Where the element at `position` of the list `list` lies among all elements; a negative position counts from the end.
fn element(lists: &ListArray, list: usize, position: i64) -> Option<u32> {
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

/// `base[lower..upper]`; a missing bound is `None`.
pub(super) fn slice(
    base: &Indexed,
    lower: Option<&Operand>,
    upper: Option<&Operand>,
    rows: Rows<'_>,
    data_type: &DataType,
) -> Result<Operand> {
    let bounds: Vec<&Operand> = [lower, upper].into_iter().flatten().collect();
    let single = base.is_scalar() && bounds.iter().all(|bound| bound.is_scalar());
    let count = if single { 1 } else { rows.num_rows() };
    let Some(lists) = base.values.as_any().downcast_ref::<ListArray>() else {
        return Ok(Operand::null(data_type));
    };
    let bound = |given: Option<&Operand>, row: usize, default: i64, length: i64| match given {
        None => Ok(Some(default)),
        Some(bound) => Ok::<_, Error>(match bound.value(row)? {
            Value::Int64(at) => {
                let at = if at < 0 {
                    at.saturating_add(length)
                } else {
                    at
                };
                Some(at.clamp(0, length))
            }
            _ => None,
        }),
    };
    let mut parts = Vec::with_capacity(count);
    for row in 0..count {
        let list = base.at(row);
        if lists.is_null(list) {
            parts.push(None);
            continue;
        }
        let length = i64::from(lists.value_length(list));
        let from = bound(lower, row, 0, length)?;
        let to = bound(upper, row, length, length)?;
        parts.push(from.zip(to).map(|(from, to)| {
            let start = i64::from(lists.value_offsets()[list]);
            (start + from) as u32..(start + to.max(from)) as u32
        }));
    }
    let list = parts_of(lists, &parts, rows.budget())?;
    let list = if single {
        Operand::scalar(list)
    } else {
        Operand::column(list)
    };
    list.cast(data_type)
}

/// A list for each part of the elements of others; `None` is null.
fn parts_of(
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
pub(super) fn offsets_of(lengths: &[usize], budget: &Budget) -> Result<OffsetBuffer<i32>> {
    let total = lengths
        .iter()
        .try_fold(0usize, |sum, length| sum.checked_add(*length))
        .filter(|total| i32::try_from(*total).is_ok());
    let Some(_) = total else {
        return Err(Error::new(
            grism_core::ErrorKind::ResourceExhausted,
            "lists of more than 2,147,483,647 elements do not fit into one column",
        ));
    };
    budget.reserve(lengths.len().saturating_mul(4))?;
    Ok(OffsetBuffer::from_lengths(lengths.iter().copied()))
}

/// The function, where it is one of lists.
pub(super) fn list(
    function: F,
    arguments: &[Operand],
    rows: Rows<'_>,
    data_type: &DataType,
) -> Result<Option<Operand>> {
    let inputs: Vec<&Operand> = arguments.iter().collect();
    Ok(Some(match function {
        F::Size => {
            let lists = &arguments[0];
            if lists.is_null_type() {
                return Ok(Some(lists.cast(&DataType::Int64)?));
            }
            let lists = lists.as_array::<ListArray>()?;
            let sizes: Int64Array = (0..lists.len())
                .map(|row| {
                    lists
                        .is_valid(row)
                        .then(|| i64::from(lists.value_length(row)))
                })
                .collect();
            Operand::over(&inputs, Arc::new(sizes))
        }
        F::Head | F::Last | F::Tail | F::Reverse => {
            let lists = &arguments[0];
            let Some(own) = lists.array().as_any().downcast_ref::<ListArray>() else {
                let count = computed_rows(&inputs, rows.num_rows());
                return Ok(Some(Operand::over(
                    &inputs,
                    new_null_array(data_type, count),
                )));
            };
            let array = match function {
                F::Head | F::Last => {
                    let position = if function == F::Head { 0 } else { -1 };
                    let places: UInt32Array = (0..own.len())
                        .map(|row| element(own, row, position))
                        .collect();
                    take_rows(own.values(), &places)?
                }
                F::Tail => {
                    let parts: Vec<_> = (0..own.len())
                        .map(|row| {
                            let (start, end) =
                                (own.value_offsets()[row], own.value_offsets()[row + 1]);
                            own.is_valid(row)
                                .then(|| (start + 1).min(end) as u32..end as u32)
                        })
                        .collect();
                    parts_of(own, &parts, rows.budget())?
                }
                _ => reversed(own)?,
            };
            Operand::over(&inputs, array).cast(data_type)?
        }
        F::Range => ranges(arguments, rows, data_type)?,
        F::Keys => keys(&arguments[0], rows.num_rows(), data_type)?,
        _ => return Ok(None),
    }))
}

/// Every list with its elements in the other order.
fn reversed(lists: &ListArray) -> Result<ArrayRef> {
    let DataType::List(field) = lists.data_type() else {
        return Err(Error::internal("a list of another type"));
    };
    let places: UInt32Array = (0..lists.len())
        .flat_map(|row| {
            (lists.value_offsets()[row] as u32..lists.value_offsets()[row + 1] as u32).rev()
        })
        .map(Some)
        .collect();
    let values = take(lists.values(), &places, None)?;
    let lengths = (0..lists.len()).map(|row| lists.value_length(row) as usize);
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(field),
        OffsetBuffer::from_lengths(lengths),
        values,
        lists.nulls().cloned(),
    )?))
}

fn keys(map: &Operand, rows: usize, data_type: &DataType) -> Result<Operand> {
    map_rows(&[map], rows, data_type, |mut values| match values.pop() {
        Some(Value::Map(entries)) => Ok(Value::List(
            entries
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, _)| Value::String(key))
                .collect(),
        )),
        _ => Ok(Value::Null),
    })
}
