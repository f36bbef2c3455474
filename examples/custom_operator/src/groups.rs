//! The groups of rows, and the numbers of each.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::kernels::arity::unary;
use arrow::compute::take;
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use grism_core::{Error, Result};

use crate::GroupFunction;

/// How many groups are computed between two looks at whether the query goes on.
const GROUPS_BETWEEN_CHECKS: usize = 1024;

/// The keys of the groups of rows, in their order, and the value of `function` of each; null where a group has no numbers.
///
/// Without keys there is one group of all rows, be there any or not. `check` is called now and then.
pub(crate) fn grouped(
    keys: &[ArrayRef],
    values: &ArrayRef,
    function: &dyn GroupFunction,
    check: impl Fn() -> Result<()>,
) -> Result<(Vec<ArrayRef>, ArrayRef)> {
    let keys: Vec<ArrayRef> = keys.iter().map(comparable).collect();
    let (rows, ends) = sorted_groups(&keys, values.len())?;
    let mut results = Vec::with_capacity(ends.len());
    let mut start = 0;
    for (place, end) in ends.iter().copied().enumerate() {
        if place % GROUPS_BETWEEN_CHECKS == 0 {
            check()?;
        }
        results.push(value_of(values, &rows[start..end], function)?);
        start = end;
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let firsts = starts.take(ends.len()).filter_map(|start| rows.get(start));
    let firsts = arrow::array::UInt32Array::from_iter_values(firsts.copied());
    let keys = keys.iter().map(|key| Ok(take(key, &firsts, None)?));
    let results: ArrayRef = Arc::new(Float64Array::from(results));
    Ok((keys.collect::<Result<_>>()?, results))
}

/// The rows in the order of their keys, and where each group ends.
fn sorted_groups(keys: &[ArrayRef], count: usize) -> Result<(Vec<u32>, Vec<usize>)> {
    let too_many = |_| Error::unsupported("more than 2^32 rows in one task are not supported");
    let mut rows: Vec<u32> = (0..u32::try_from(count).map_err(too_many)?).collect();
    if keys.is_empty() {
        return Ok((rows, vec![count]));
    }
    let fields = keys
        .iter()
        .map(|key| SortField::new(key.data_type().clone()));
    let encoded = RowConverter::new(fields.collect())?.convert_columns(keys)?;
    let key = |row: &u32| encoded.row(*row as usize);
    rows.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then(a.cmp(b)));
    let places = 1..=rows.len();
    let is_end = |place: &usize| {
        rows.get(*place)
            .is_none_or(|next| key(next) != key(&rows[place - 1]))
    };
    let ends = places.filter(is_end).collect();
    Ok((rows, ends))
}

/// A key whose equal values have equal bytes: zero and NaN have one form each.
fn comparable(key: &ArrayRef) -> ArrayRef {
    match key.as_primitive_opt::<Float64Type>() {
        Some(floats) => Arc::new(unary::<_, _, Float64Type>(floats, one_form)),
        None => Arc::clone(key),
    }
}

fn one_form(float: f64) -> f64 {
    match float {
        _ if float.is_nan() => f64::NAN,
        // The sum with zero has no sign where it is zero.
        _ => float + 0.0,
    }
}

fn value_of(values: &ArrayRef, rows: &[u32], function: &dyn GroupFunction) -> Result<Option<f64>> {
    let known = || {
        rows.iter()
            .map(|row| *row as usize)
            .filter(|row| values.is_valid(*row))
    };
    if let Some(integers) = values.as_primitive_opt::<Int64Type>() {
        let mut numbers: Vec<i64> = known().map(|row| integers.value(row)).collect();
        numbers.sort_unstable();
        return Ok((!numbers.is_empty()).then(|| function.of_integers(&numbers)));
    }
    if let Some(floats) = values.as_primitive_opt::<Float64Type>() {
        let mut numbers: Vec<f64> = known().map(|row| one_form(floats.value(row))).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        return Ok((!numbers.is_empty()).then(|| function.of_floats(&numbers)));
    }
    match known().next() {
        None => Ok(None),
        Some(_) => Err(Error::invalid_data(format!(
            "{} takes numbers, not {}",
            function.name(),
            values.data_type()
        ))),
    }
}
