//! Aggregates over a collected list: percentiles, standard deviations, and sums of what has any type.

use grism_core::{Error, Result, Value};
use grism_logical::{ArithmeticOperator, ScalarFunction as F};

use super::{temporal, values};

/// Whether the function aggregates a list.
pub(super) fn is_statistic(function: F) -> bool {
    matches!(
        function,
        F::PercentileCont | F::PercentileDisc | F::StDev | F::StDevP | F::SumOf | F::AvgOf
    )
}

/// The function's value.
pub(super) fn call(function: F, arguments: &[Value]) -> Result<Value> {
    let Some(Value::List(items)) = arguments.first() else {
        return Ok(Value::Null);
    };
    match function {
        F::StDev | F::StDevP => deviation(items, function),
        F::SumOf => sum(items, function),
        F::AvgOf => {
            if items.is_empty() {
                return Ok(Value::Null);
            }
            let total = sum(items, function)?;
            let count = items.len();
            match total {
                Value::Int64(total) => Ok(Value::Float64(total as f64 / count as f64)),
                Value::Float64(total) => Ok(Value::Float64(total / count as f64)),
                total => {
                    let count = Value::Int64(count as i64);
                    let mean = temporal::arithmetic(ArithmeticOperator::Divide, &total, &count)?;
                    Ok(mean.unwrap_or(Value::Null))
                }
            }
        }
        _ => percentile(function, items, arguments.get(1)),
    }
}

fn number(value: &Value, function: F) -> Result<f64> {
    match value {
        Value::Int64(value) => Ok(*value as f64),
        Value::Float64(value) => Ok(*value),
        other => Err(values::mismatch(function, other)),
    }
}

/// The sum of squared distances from the mean, in two passes.
fn deviation(items: &[Value], function: F) -> Result<Value> {
    let numbers = items
        .iter()
        .map(|item| number(item, function))
        .collect::<Result<Vec<_>>>()?;
    let degrees = numbers.len() as f64 - if function == F::StDev { 1.0 } else { 0.0 };
    if degrees <= 0.0 {
        return Ok(Value::Float64(0.0));
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares: f64 = numbers.iter().map(|value| (value - mean).powi(2)).sum();
    Ok(Value::Float64((squares / degrees).sqrt()))
}

fn sum(items: &[Value], function: F) -> Result<Value> {
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
                    Some(total) => temporal::arithmetic(ArithmeticOperator::Add, &total, item)?
                        .ok_or_else(|| values::mismatch(function, item))?,
                });
            }
            other => return Err(values::mismatch(function, other)),
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
fn percentile(function: F, items: &[Value], at: Option<&Value>) -> Result<Value> {
    let at = match at {
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
    for item in items {
        number(item, function)?;
    }
    let sorted = values::sorted(items.to_vec());
    if function == F::PercentileDisc {
        let rank = (at * sorted.len() as f64).ceil() as usize;
        return Ok(sorted[rank.saturating_sub(1).min(sorted.len() - 1)].clone());
    }
    let place = at * (sorted.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let low = number(&sorted[below], function)?;
    let high = number(&sorted[(below + 1).min(sorted.len() - 1)], function)?;
    Ok(Value::Float64(low + (high - low) * share))
}
