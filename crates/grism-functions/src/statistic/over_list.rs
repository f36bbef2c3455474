//! Aggregates over a collected list: percentiles, standard deviations, and sums of what has any type.

use grism_core::{Error, Result, Value, total_order};

use crate::call::first_and_second;
use crate::internal_name::internal_name;
use crate::{
    Accepts, Failure, Function, Kernel, Parameter, Passes, Returns, TemporalOperator, arithmetic,
};

pub(super) const FUNCTIONS: &[&Function] = &[
    &PERCENTILE_CONT,
    &PERCENTILE_DISC,
    &ST_DEV,
    &ST_DEV_P,
    &SUM_OF,
    &AVG_OF,
    &DISTINCT_OF,
];

const OF_LIST: Function = Function {
    parameters: &[Parameter::new("list", Accepts::ANYTHING)],
    returns: Returns::FLOAT,
    ..Function::BASE
};

const AT: &[Parameter] = &[
    Parameter::new("list", Accepts::ANYTHING),
    Parameter::new("percentile", Accepts::ANYTHING),
];

/// The value at a percentile of a list of numbers, between the two values beside it.
pub static PERCENTILE_CONT: Function = Function {
    name: internal_name!("percentileCont"),
    parameters: AT,
    kernel: Kernel::Values(|arguments| percentile(arguments, &PERCENTILE_CONT)),
    ..OF_LIST
};

/// The value at a percentile of a list of numbers.
pub static PERCENTILE_DISC: Function = Function {
    name: internal_name!("percentileDisc"),
    parameters: AT,
    returns: Returns::ANYTHING,
    kernel: Kernel::Values(|arguments| percentile(arguments, &PERCENTILE_DISC)),
    ..OF_LIST
};

/// Standard deviation of a list of numbers that is a sample.
pub static ST_DEV: Function = Function {
    name: internal_name!("stDev"),
    kernel: Kernel::Values(|arguments| over_list(arguments, |items| deviation(items, &ST_DEV))),
    ..OF_LIST
};

/// Standard deviation of a list of numbers that is everything.
pub static ST_DEV_P: Function = Function {
    name: internal_name!("stDevP"),
    kernel: Kernel::Values(|arguments| over_list(arguments, |items| deviation(items, &ST_DEV_P))),
    ..OF_LIST
};

/// The sum of a list of numbers or durations.
pub static SUM_OF: Function = Function {
    name: internal_name!("sum"),
    returns: Returns::ANYTHING,
    kernel: Kernel::Values(|arguments| over_list(arguments, |items| sum(items, &SUM_OF))),
    ..OF_LIST
};

/// The mean of a list of numbers or durations.
pub static AVG_OF: Function = Function {
    name: internal_name!("avg"),
    returns: Returns::ANYTHING,
    kernel: Kernel::Values(|arguments| over_list(arguments, average)),
    ..OF_LIST
};

/// A list with each different value once, in the order of first appearance.
pub static DISTINCT_OF: Function = Function {
    name: internal_name!("distinct"),
    returns: Returns::First,
    failure: Failure::UnlessTyped,
    passes: Passes::First,
    kernel: Kernel::Values(distinct),
    written_as: Some("`DISTINCT`"),
    ..OF_LIST
};

fn over_list(
    arguments: Vec<Value>,
    compute: impl FnOnce(&[Value]) -> Result<Value>,
) -> Result<Value> {
    match first_and_second(arguments).0 {
        Value::List(items) => compute(&items),
        _ => Ok(Value::Null),
    }
}

fn average(items: &[Value]) -> Result<Value> {
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let count = items.len();
    match sum(items, &AVG_OF)? {
        Value::Int64(total) => Ok(Value::Float64(total as f64 / count as f64)),
        Value::Float64(total) => Ok(Value::Float64(total / count as f64)),
        total => {
            let count = Value::Int64(count as i64);
            let mean = arithmetic(TemporalOperator::Divide, &total, &count)?;
            Ok(mean.unwrap_or(Value::Null))
        }
    }
}

fn distinct(arguments: Vec<Value>) -> Result<Value> {
    let items = match first_and_second(arguments).0 {
        Value::Null => return Ok(Value::Null),
        Value::List(items) => items,
        other => return Err(DISTINCT_OF.mismatch(&other)),
    };
    let mut seen: Vec<Value> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for item in items {
        let key = grism_core::key_of_any(&grism_core::encode_any(&item))?;
        if known.insert(key) {
            seen.push(item);
        }
    }
    Ok(Value::List(seen))
}

fn number(value: &Value, function: &Function) -> Result<f64> {
    match value {
        Value::Int64(value) => Ok(*value as f64),
        Value::Float64(value) => Ok(*value),
        other => Err(function.mismatch(other)),
    }
}

/// The sum of squared distances from the mean, in two passes.
fn deviation(items: &[Value], function: &Function) -> Result<Value> {
    let numbers = items
        .iter()
        .map(|item| number(item, function))
        .collect::<Result<Vec<_>>>()?;
    let degrees = numbers.len() as f64 - if function == &ST_DEV { 1.0 } else { 0.0 };
    if degrees <= 0.0 {
        return Ok(Value::Float64(0.0));
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares: f64 = numbers.iter().map(|value| (value - mean).powi(2)).sum();
    Ok(Value::Float64((squares / degrees).sqrt()))
}

fn sum(items: &[Value], function: &Function) -> Result<Value> {
    let mut integers: i128 = 0;
    let mut floats = 0.0;
    let mut has_float = false;
    let mut duration: Option<Value> = None;
    for item in items {
        match item {
            Value::Int64(value) => integers += i128::from(*value),
            Value::Float64(value) => {
                has_float = true;
                floats += value;
            }
            Value::Duration(_) => {
                duration = Some(match duration {
                    None => item.clone(),
                    Some(total) => arithmetic(TemporalOperator::Add, &total, item)?
                        .ok_or_else(|| function.mismatch(item))?,
                });
            }
            other => return Err(function.mismatch(other)),
        }
    }
    if let Some(duration) = duration {
        return Ok(duration);
    }
    if has_float {
        return Ok(Value::Float64(integers as f64 + floats));
    }
    i64::try_from(integers)
        .map(Value::Int64)
        .map_err(|_| Error::invalid_data("integer overflow in sum()"))
}

/// Percentiles over sorted values: the nearest rank, or a point between the two ranks beside it.
fn percentile(arguments: Vec<Value>, function: &Function) -> Result<Value> {
    let (Value::List(items), at) = first_and_second(arguments) else {
        return Ok(Value::Null);
    };
    let at = match &at {
        Some(Value::Null) | None => return Ok(Value::Null),
        Some(value) => number(value, function)?,
    };
    if !(0.0..=1.0).contains(&at) {
        return Err(Error::invalid_query(format!(
            "a percentile lies between 0.0 and 1.0, not at {at}"
        ))
        .with_code("ArgumentError:NumberOutOfRange"));
    }
    if items.is_empty() {
        return Ok(Value::Null);
    }
    for item in &items {
        number(item, function)?;
    }
    let sorted = sorted(items);
    if function == &PERCENTILE_DISC {
        let rank = (at * sorted.len() as f64).ceil() as usize;
        return Ok(sorted[rank.saturating_sub(1).min(sorted.len() - 1)].clone());
    }
    let place = at * (sorted.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let low = number(&sorted[below], function)?;
    let high = number(&sorted[(below + 1).min(sorted.len() - 1)], function)?;
    Ok(Value::Float64(low + (high - low) * share))
}

/// The values in the order of ORDER BY.
fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by(total_order);
    values
}
