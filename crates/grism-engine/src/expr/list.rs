//! Lists and maps: building, indexing, slicing, and functions of lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray, StructArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Fields};
use grism_core::{Error, Result, Value};
use grism_logical::ScalarFunction as F;

use super::operand::{Operand, computed_rows, map_rows};

/// More elements than this are refused by range(), before memory is asked for.
const MAX_RANGE: u64 = 1 << 28;

/// `[a, b, …]`.
pub(super) fn make_list(items: &[Operand], rows: usize, data_type: &DataType) -> Result<Operand> {
    let DataType::List(field) = data_type else {
        return Err(Error::internal("a list expression of another type"));
    };
    let inputs: Vec<&Operand> = items.iter().collect();
    let count = computed_rows(&inputs, rows);
    let columns = items
        .iter()
        .map(|item| item.cast(field.data_type())?.into_column(count))
        .collect::<Result<Vec<ArrayRef>>>()?;
    let width = columns.len();
    let values = if width == 0 {
        new_null_array(field.data_type(), 0)
    } else {
        let places: Vec<(usize, usize)> = (0..count)
            .flat_map(|row| (0..width).map(move |item| (item, row)))
            .collect();
        let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        interleave(&columns, &places)?
    };
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(width, count));
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
    base: &Operand,
    position: &Operand,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    map_rows(
        &[base, position],
        rows,
        data_type,
        |mut values| match &mut values[..] {
            [Value::List(items), Value::Int64(position)] => {
                let at = if *position < 0 {
                    *position + items.len() as i64
                } else {
                    *position
                };
                let found = usize::try_from(at).ok().filter(|at| *at < items.len());
                Ok(found.map_or(Value::Null, |at| items.swap_remove(at)))
            }
            _ => Ok(Value::Null),
        },
    )
}

/// `base[lower..upper]`; a missing bound is `None`.
pub(super) fn slice(
    base: &Operand,
    lower: Option<&Operand>,
    upper: Option<&Operand>,
    rows: usize,
    data_type: &DataType,
) -> Result<Operand> {
    let inputs: Vec<&Operand> = [Some(base), lower, upper].into_iter().flatten().collect();
    map_rows(&inputs, rows, data_type, |values| {
        let mut values = values.into_iter();
        let Some(Value::List(items)) = values.next() else {
            return Ok(Value::Null);
        };
        let length = items.len() as i64;
        let mut bound = |given: bool, default: i64| -> Option<i64> {
            if !given {
                return Some(default);
            }
            match values.next() {
                Some(Value::Int64(at)) => {
                    Some((if at < 0 { at + length } else { at }).clamp(0, length))
                }
                _ => None,
            }
        };
        let (Some(from), Some(to)) = (bound(lower.is_some(), 0), bound(upper.is_some(), length))
        else {
            return Ok(Value::Null);
        };
        let (from, to) = (from as usize, (to as usize).max(from as usize));
        Ok(Value::List(items[from..to].to_vec()))
    })
}

/// The function, where it is one of lists.
pub(super) fn list(
    function: F,
    arguments: &[Operand],
    rows: usize,
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
            map_rows(&inputs, rows, data_type, |mut values| {
                let Some(Value::List(mut items)) = values.pop() else {
                    return Ok(Value::Null);
                };
                Ok(match function {
                    F::Head if !items.is_empty() => items.swap_remove(0),
                    F::Last => items.pop().unwrap_or(Value::Null),
                    F::Tail => Value::List(items.into_iter().skip(1).collect()),
                    F::Reverse => {
                        items.reverse();
                        Value::List(items)
                    }
                    _ => Value::Null,
                })
            })?
        }
        F::Range => map_rows(&inputs, rows, data_type, |values| range(&values))?,
        F::Keys => keys(&arguments[0], rows, data_type)?,
        _ => return Ok(None),
    }))
}

fn range(values: &[Value]) -> Result<Value> {
    let mut numbers = Vec::new();
    for value in values {
        match value {
            Value::Int64(number) => numbers.push(*number),
            _ => return Ok(Value::Null),
        }
    }
    let (start, end, step) = (numbers[0], numbers[1], numbers.get(2).copied().unwrap_or(1));
    if step == 0 {
        return Err(Error::invalid_data("range(): the step cannot be 0")
            .with_code("ArgumentError:NumberOutOfRange"));
    }
    let distance = i128::from(end) - i128::from(start);
    let steps = distance / i128::from(step);
    if distance.signum() * i128::from(step).signum() < 0 {
        return Ok(Value::List(Vec::new()));
    }
    if steps >= i128::from(MAX_RANGE) {
        return Err(Error::new(
            grism_core::ErrorKind::ResourceExhausted,
            format!(
                "range() of {} elements: at most {MAX_RANGE} are allowed",
                steps + 1
            ),
        ));
    }
    Ok(Value::List(
        (0..=steps)
            .map(|index| Value::Int64((i128::from(start) + index * i128::from(step)) as i64))
            .collect(),
    ))
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
