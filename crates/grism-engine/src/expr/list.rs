//! Lists and maps: building, indexing and slicing.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int64Array, ListArray, StructArray, UInt32Array, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Fields};
use grism_core::{Error, Result, Value};
use grism_functions::{
    Operand, computed_rows, element, mean_bytes, offsets_of, parts_of, take_rows,
};

use super::indexed::Indexed;
use super::rows::Rows;

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
