//! Lists, structs, maps and unions, whose values are looked at one level after the other.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt64Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, UnionFields};
use grism_core::{Error, Result, Type, Value};
use grism_text::ColumnType;

use super::casts::{any_column, exact_cast};
use super::normalized::of_field;

/// Lists of any layout.
pub(super) fn of_lists(column: &ArrayRef, given: Option<&ColumnType>) -> Result<(Type, ArrayRef)> {
    lists_of(column, |item, values| of_field(item, values, given))
}

/// Lists of any layout whose items become what `convert` says.
pub(super) fn lists_of(
    column: &ArrayRef,
    convert: impl FnOnce(&Field, &ArrayRef) -> Result<(Type, ArrayRef)>,
) -> Result<(Type, ArrayRef)> {
    let (Some(item), Some(lists)) = (item_of(column.data_type()), plain_lists(column)?) else {
        return Err(Error::internal(format!(
            "a list column of type {}",
            column.data_type()
        )));
    };
    let (ty, values) =
        convert(item, lists.values()).map_err(|error| error.context("an item of a list"))?;
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
    let lists = ListArray::try_new(item, offsets, values, nulls)?;
    Ok((ty.list(), Arc::new(lists)))
}

/// The items of lists of any layout; `None` for another type.
pub(super) fn item_of(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

/// Lists of any layout in the usual one, without items that belong to none of them; `None` for a column of something else.
pub(crate) fn plain_lists(column: &ArrayRef) -> Result<Option<ListArray>> {
    let Some(item) = item_of(column.data_type()) else {
        return Ok(None);
    };
    let plain = Field::new_list_field(item.data_type().clone(), true);
    let lists = exact_cast(column, &DataType::List(Arc::new(plain)))?;
    compact(lists.as_list::<i32>()).map(Some)
}

/// The lists without items that belong to none of them, or to one that is null: these may be anything.
fn compact(lists: &ListArray) -> Result<ListArray> {
    let offsets = lists.value_offsets();
    let (first, last) = (offsets[0] as usize, offsets[lists.len()] as usize);
    let is_hidden = |row: usize| lists.is_null(row) && lists.value_length(row) > 0;
    let (item, nulls) = match lists.data_type() {
        DataType::List(item) => (Arc::clone(item), lists.nulls().cloned()),
        other => return Err(Error::internal(format!("a list column of type {other}"))),
    };
    if !(0..lists.len()).any(is_hidden) {
        if first == 0 && last == lists.values().len() {
            return Ok(lists.clone());
        }
        let lengths = (0..lists.len()).map(|row| lists.value_length(row) as usize);
        let values = lists.values().slice(first, last - first);
        let offsets = OffsetBuffer::from_lengths(lengths);
        return Ok(ListArray::try_new(item, offsets, values, nulls)?);
    }
    let lengths = (0..lists.len()).map(|row| match lists.is_valid(row) {
        true => lists.value_length(row) as usize,
        false => 0,
    });
    let places: UInt64Array = (0..lists.len())
        .filter(|row| lists.is_valid(*row))
        .flat_map(|row| offsets[row] as u64..offsets[row + 1] as u64)
        .collect();
    let values = arrow::compute::take(lists.values(), &places, None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(ListArray::try_new(item, offsets, values, nulls)?)
}

/// Structs, which are maps that all have the same names.
pub(super) fn of_structs(
    fields: &Fields,
    column: &ArrayRef,
    given: Option<&ColumnType>,
) -> Result<(Type, ArrayRef)> {
    let structs = column.as_struct();
    if fields.is_empty() {
        let value = |row| match structs.is_valid(row) {
            true => Value::Map(BTreeMap::new()),
            false => Value::Null,
        };
        return any_column(&(0..structs.len()).map(value).collect::<Vec<_>>());
    }
    let mut names = HashSet::new();
    if let Some(field) = fields.iter().find(|field| !names.insert(field.name())) {
        return Err(Error::invalid_data(format!(
            "two fields of a struct are called `{}`",
            field.name()
        )));
    }
    let (mut types, mut columns) = (Vec::new(), Vec::new());
    for (field, own) in fields.iter().zip(structs.columns()) {
        let own = masked(own, structs.nulls())?;
        let (ty, values) = of_field(field, &own, given)
            .map_err(|error| error.context(format!("the field `{}`", field.name())))?;
        types.push((field.name().clone(), ty));
        columns.push(values);
    }
    let fields = types.iter().zip(&columns);
    let fields = fields.map(|((name, _), own)| Field::new(name, own.data_type().clone(), true));
    let structs = StructArray::try_new(fields.collect(), columns, structs.nulls().cloned())?;
    Ok((Type::Map(types), Arc::new(structs)))
}

/// The column with null where `outer` is: what stands there may be anything.
fn masked(column: &ArrayRef, outer: Option<&NullBuffer>) -> Result<ArrayRef> {
    let has_nulls = !matches!(
        column.data_type(),
        DataType::Null | DataType::Union(..) | DataType::RunEndEncoded(..)
    );
    match outer.filter(|outer| has_nulls && outer.null_count() > 0) {
        Some(outer) => Ok(nullif(column, &BooleanArray::new(!outer.inner(), None))?),
        None => Ok(Arc::clone(column)),
    }
}

/// Maps, whose names differ from row to row.
pub(super) fn of_maps(column: &ArrayRef, given: Option<&ColumnType>) -> Result<(Type, ArrayRef)> {
    let maps = column.as_map();
    let entries = maps.entries();
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(Error::internal("a map without entries"));
    };
    let (offsets, rows) = (maps.value_offsets(), maps.len());
    let first = offsets[0] as usize;
    let length = offsets[rows] as usize - first;
    let part = |place: usize, given| {
        let own = entries.column(place).slice(first, length);
        of_field(&fields[place], &own, given)
    };
    let (key_type, keys) = part(0, None).map_err(|error| error.context("a key of a map"))?;
    let (ty, items) = part(1, given).map_err(|error| error.context("a value of a map"))?;
    let Some(keys) = keys.as_string_opt::<i32>() else {
        return Err(Error::unsupported(format!(
            "a map whose keys are of the type {key_type}; those of maps are texts"
        )));
    };
    let mut values = Vec::with_capacity(rows);
    for row in 0..rows {
        if maps.is_null(row) {
            values.push(Value::Null);
            continue;
        }
        let mut entries = BTreeMap::new();
        for place in offsets[row] as usize - first..offsets[row + 1] as usize - first {
            let key = keys.value(place);
            let item = Value::from_typed(&items, place, &ty)?;
            if entries.insert(key.to_owned(), item).is_some() {
                return Err(Error::invalid_data(format!(
                    "the key `{key}` stands twice in one map"
                )));
            }
        }
        values.push(Value::Map(entries));
    }
    any_column(&values)
}

/// Unions, whose types differ from row to row.
pub(super) fn of_unions(
    fields: &UnionFields,
    column: &ArrayRef,
    given: Option<&ColumnType>,
) -> Result<(Type, ArrayRef)> {
    let unions = column.as_union_opt();
    let unions = unions.ok_or_else(|| Error::internal("a union column"))?;
    let mut values = Vec::with_capacity(unions.len());
    for row in 0..unions.len() {
        let id = unions.type_id(row);
        let field = fields.iter().find(|(own, _)| *own == id);
        let (_, field) = field.ok_or_else(|| Error::invalid_data("a union of an unknown type"))?;
        let (ty, value) = of_field(field, &unions.value(row), given)?;
        values.push(Value::from_typed(&value, 0, &ty)?);
    }
    any_column(&values)
}
