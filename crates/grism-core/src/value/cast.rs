//! Columns brought from one type to another, and columns of keys.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, LargeBinaryArray, LargeBinaryBuilder, ListArray, StructArray,
    new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};

use super::Value;
use super::any::{encode_any, encode_list, key_of};
use super::build_column::wrong_dimensions;
use super::column::{place_of, read};
use crate::{Error, Result, Type};

/// `array`, a column of the type `from`, as a column of the type `to`, which must be wider.
///
/// # Errors
/// `Internal` where `to` does not hold the values of `from`.
pub fn cast_column(array: &ArrayRef, from: &Type, to: &Type) -> Result<ArrayRef> {
    let data_type = to.to_arrow();
    match (from, to) {
        (from, to) if from == to => Ok(Arc::clone(array)),
        (Type::Null, _) => Ok(new_null_array(&data_type, array.len())),
        (Type::Any | Type::Path, Type::Any | Type::Path) => Ok(Arc::clone(array)),
        (Type::List(item), Type::Any) => lists_as_any(array, item),
        (_, Type::Any) => {
            let mut builder = LargeBinaryBuilder::with_capacity(array.len(), array.len() * 16);
            for row in 0..array.len() {
                match read(array, row, Some(from))? {
                    Value::Null => builder.append_null(),
                    value => builder.append_value(encode_any(&value)),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        (Type::List(from), Type::List(to)) => {
            let lists = array
                .as_any()
                .downcast_ref::<ListArray>()
                .ok_or_else(|| Error::internal("a list column"))?;
            let values = cast_column(lists.values(), from, to)?;
            Ok(Arc::new(ListArray::try_new(
                Arc::new(Field::new_list_field(to.to_arrow(), true)),
                lists.offsets().clone(),
                values,
                lists.nulls().cloned(),
            )?))
        }
        (Type::Map(own), Type::Map(wanted)) if !wanted.is_empty() => {
            let structs = array
                .as_any()
                .downcast_ref::<StructArray>()
                .ok_or_else(|| Error::internal("a map column"))?;
            let columns = wanted
                .iter()
                .enumerate()
                .map(|(likely, (name, to))| match place_of(own, name, likely) {
                    Some(place) => cast_column(structs.column(place), &own[place].1, to),
                    None => Ok(new_null_array(&to.to_arrow(), array.len())),
                })
                .collect::<Result<Vec<_>>>()?;
            let DataType::Struct(fields) = &data_type else {
                return Err(Error::internal("a map type of another form"));
            };
            let nulls = structs.nulls().cloned();
            Ok(Arc::new(StructArray::try_new(
                fields.clone(),
                columns,
                nulls,
            )?))
        }
        (Type::Any, _) => {
            let values = (0..array.len())
                .map(|row| read(array, row, None))
                .collect::<Result<Vec<_>>>()?;
            Value::column(&values, &data_type)
        }
        _ if array.data_type() == &data_type => Ok(Arc::clone(array)),
        _ => Ok(arrow::compute::cast(array, &data_type)?),
    }
}

/// Lists as dynamically typed values: the items are encoded first, and then put behind each other, so that none of them has to
/// be read.
fn lists_as_any(array: &ArrayRef, item: &Type) -> Result<ArrayRef> {
    let lists = array
        .as_any()
        .downcast_ref::<ListArray>()
        .ok_or_else(|| Error::internal("a list column"))?;
    let offsets = lists.value_offsets();
    let first = offsets[0] as usize;
    let count = offsets[lists.len()] as usize - first;
    let items = cast_column(&lists.values().slice(first, count), item, &Type::Any)?;
    let items = items
        .as_binary_opt::<i64>()
        .ok_or_else(|| Error::internal("a column of dynamically typed values"))?;
    // Every list takes two bytes beside its items, and each null item one; no bytes are copied twice.
    let mut bytes = Vec::with_capacity(items.values().len() + items.null_count() + 2 * lists.len());
    let mut ends = Vec::with_capacity(lists.len() + 1);
    ends.push(0);
    for row in 0..lists.len() {
        if lists.is_valid(row) {
            let places = offsets[row] as usize - first..offsets[row + 1] as usize - first;
            let own = places.map(|place| items.is_valid(place).then(|| items.value(place)));
            encode_list(own, &mut bytes);
        }
        ends.push(bytes.len() as i64);
    }
    Ok(Arc::new(LargeBinaryArray::try_new(
        OffsetBuffer::new(ends.into()),
        bytes.into(),
        lists.nulls().cloned(),
    )?))
}

/// The keys of a column of the type `ty`: bytes that are equal for equal values and order as they do.
///
/// # Errors
/// `InvalidData` where a dynamically typed value is malformed.
pub fn key_column(array: &dyn Array, ty: &Type) -> Result<ArrayRef> {
    let mut builder = LargeBinaryBuilder::with_capacity(array.len(), array.len() * 16);
    for row in 0..array.len() {
        match read(array, row, Some(ty))? {
            Value::Null => builder.append_null(),
            value => builder.append_value(key_of(&value)),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// A column that Grism made as the wider Arrow type that its property has by now.
///
/// # Errors
/// Those of Arrow's casts.
pub fn widen_column(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    if let DataType::FixedSizeList(_, dimensions) = data_type
        && let Some(lists) = array.as_list_opt::<i32>()
    {
        let wrong = (0..lists.len())
            .filter(|row| lists.is_valid(*row))
            .map(|row| lists.value_length(row))
            .find(|length| length != dimensions);
        if let Some(length) = wrong {
            return Err(wrong_dimensions(length.max(0) as usize, *dimensions));
        }
        if Type::of_column(array.data_type()).may_hold_any() {
            let values = (0..array.len())
                .map(|row| read(array, row, None))
                .collect::<Result<Vec<_>>>()?;
            return Value::column(&values, data_type);
        }
    }
    let (from, to) = (
        Type::of_column(array.data_type()),
        Type::of_column(data_type),
    );
    if to.may_hold_any() {
        return cast_column(array, &from, &to);
    }
    Ok(arrow::compute::cast(array, data_type)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn list(items: Vec<Value>) -> Value {
        Value::List(items)
    }

    #[test]
    fn lists_become_the_values_that_they_are() {
        let rows = [
            list(vec![
                list(vec![Value::Int64(1), Value::Null]),
                list(vec![]),
                Value::Null,
            ]),
            Value::Null,
            list(vec![list(vec![Value::Int64(-7)])]),
        ];
        let ty = Type::Int64.list().list();
        let column = Value::column(&rows, &ty.to_arrow()).unwrap();
        // A slice starts in the middle of the elements.
        for (first, length) in [(0, 3), (1, 2), (2, 1)] {
            let part = column.slice(first, length);
            let any = cast_column(&part, &ty, &Type::Any).unwrap();
            let found = (0..length).map(|row| Value::from_array(&any, row).unwrap());
            assert_eq!(found.collect::<Vec<_>>(), rows[first..first + length]);
        }
    }

    #[test]
    fn a_value_that_nests_too_deeply_is_refused_where_it_is_read() {
        let mut column = Value::column(&[list(vec![])], &Type::Any.to_arrow()).unwrap();
        for _ in 0..10_000 {
            let offsets = arrow::buffer::OffsetBuffer::from_lengths([1]);
            let field = Arc::new(Field::new_list_field(DataType::LargeBinary, true));
            let nested: ArrayRef = Arc::new(ListArray::new(field, offsets, column, None));
            column = cast_column(&nested, &Type::Any.list(), &Type::Any).unwrap();
        }
        let error = Value::from_array(&column, 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    }
}
