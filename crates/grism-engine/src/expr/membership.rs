//! `IN`: whether a list holds a value.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Int64Array, StringArray};
use arrow::datatypes::DataType;
use grism_core::{Result, Type, Value, equal_values};
use grism_logical::{BinaryOperator, LogicOperator};

use super::compare::compare;
use super::logic::combine;
use super::operand::{Operand, computed_rows};

/// Up to how many constants are compared one by one, each with the kernel for equality.
const FEW: usize = 64;

/// `needle IN list`.
pub(super) fn is_in(needle: &Operand, list: &Operand, rows: usize) -> Result<Operand> {
    let inputs = [needle, list];
    let count = computed_rows(&inputs, rows);
    if list.is_null_type() {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(count)),
        ));
    }
    if list.is_scalar() && !list.array().is_null(0) {
        // The usual case, a list of constants.
        let Value::List(items) = list.value(0)? else {
            return Ok(Operand::null(&DataType::Boolean));
        };
        if items.len() <= FEW && list.data_type() != &Type::Any.list().to_arrow() {
            let none = Operand::scalar(Arc::new(BooleanArray::from(vec![false])));
            return items.iter().try_fold(none, |found, item| {
                let item = Operand::scalar(item.to_array(1)?);
                let equal = compare(BinaryOperator::Equal, needle, &item, rows)?;
                combine(LogicOperator::Or, &found, &equal, rows)
            });
        }
        let flags = match hashed(needle, &items)? {
            Some(flags) => flags,
            None => (0..count)
                .map(|row| Ok(contains(&items, &needle.value(row)?)))
                .collect::<Result<_>>()?,
        };
        return Ok(Operand::over(&inputs, Arc::new(flags)));
    }
    let mut flags = Vec::with_capacity(count);
    for row in 0..count {
        let wanted = needle.value(row)?;
        flags.push(match list.value(row)? {
            Value::List(items) => contains(&items, &wanted),
            _ => None,
        });
    }
    Ok(Operand::over(&inputs, Arc::new(BooleanArray::from(flags))))
}

/// The membership of integers among integers, or of texts among texts, by a hash; `None` where the types are others.
fn hashed(needle: &Operand, items: &[Value]) -> Result<Option<BooleanArray>> {
    let unknown = items.iter().any(Value::is_null);
    let answer = |found: bool| (found || !unknown).then_some(found);
    match needle.data_type() {
        DataType::Int64 => {
            let mut known = HashSet::with_capacity(items.len());
            for item in items {
                match item {
                    Value::Int64(item) => known.insert(*item),
                    Value::Null => true,
                    _ => return Ok(None),
                };
            }
            let values = needle.as_array::<Int64Array>()?.iter();
            let found = values.map(|value| answer(known.contains(&value?)));
            Ok(Some(found.collect()))
        }
        DataType::Utf8 => {
            let mut known = HashSet::with_capacity(items.len());
            for item in items {
                match item {
                    Value::String(item) => known.insert(item.as_str()),
                    Value::Null => true,
                    _ => return Ok(None),
                };
            }
            let values = needle.as_array::<StringArray>()?.iter();
            let found = values.map(|value| answer(known.contains(value?)));
            Ok(Some(found.collect()))
        }
        _ => Ok(None),
    }
}

fn contains(items: &[Value], wanted: &Value) -> Option<bool> {
    let mut known = Some(false);
    for item in items {
        match equal_values(item, wanted) {
            Some(true) => return Some(true),
            None => known = None,
            Some(false) => {}
        }
    }
    known
}
