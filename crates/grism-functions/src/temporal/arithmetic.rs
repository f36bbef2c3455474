//! Sums, differences and multiples of temporal values and durations.

use grism_core::temporal::{
    Duration, NANOS_PER_DAY, Time, civil_from_days, days_from_civil, days_in_month,
};
use grism_core::{Error, Result, Value};

use super::duration::{Amount, Sum};
use super::{Parts, TemporalOperator as Op};

/// `a operator b`; `None` where neither is temporal, or the operator makes no sense of them.
///
/// # Errors
/// `InvalidData` for a value out of range.
pub fn arithmetic(operator: Op, a: &Value, b: &Value) -> Result<Option<Value>> {
    Ok(match (operator, a, b) {
        (Op::Add, Value::Duration(a), Value::Duration(b)) => Some(combine(a, b, 1)?),
        (Op::Subtract, Value::Duration(a), Value::Duration(b)) => Some(combine(a, b, -1)?),
        (Op::Add, value, Value::Duration(duration))
        | (Op::Add, Value::Duration(duration), value) => shift(value, duration, 1)?,
        (Op::Subtract, value, Value::Duration(duration)) => shift(value, duration, -1)?,
        (Op::Multiply, Value::Duration(duration), factor)
        | (Op::Multiply, factor, Value::Duration(duration)) => number(factor)
            .map(|factor| scale(duration, factor))
            .transpose()?,
        (Op::Divide, Value::Duration(duration), divisor) => match number(divisor) {
            Some(divisor) => Some(scale(duration, 1.0 / divisor)?),
            None => None,
        },
        _ => None,
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int64(value) => Some(*value as f64),
        Value::Float64(value) => Some(*value),
        _ => None,
    }
}

fn combine(a: &Duration, b: &Duration, sign: i128) -> Result<Value> {
    let (a, b) = (Sum::from(*a), Sum::from(*b));
    let sum = Sum {
        months: a.months + sign * b.months,
        days: a.days + sign * b.days,
        nanos: a.nanos + sign * b.nanos,
    };
    sum.finish().map(Value::Duration)
}

fn scale(duration: &Duration, factor: f64) -> Result<Value> {
    let mut sum = Sum::default();
    sum.months(Amount::Real(duration.months as f64 * factor), 1);
    sum.days(Amount::Real(duration.days as f64 * factor), 1);
    let nanos = Sum::from(*duration).nanos as f64 * factor;
    sum.nanos += nanos as i128;
    sum.finish().map(Value::Duration)
}

/// A day some months later; a day that the month does not have becomes its last.
pub(super) fn plus_months(days: i64, months: i64) -> Result<i64> {
    let (year, month, day) = civil_from_days(days);
    let total = year
        .checked_mul(12)
        .and_then(|total| total.checked_add(month - 1)?.checked_add(months))
        .ok_or_else(out_of_range)?;
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    if year.abs() > 999_999_999 {
        return Err(out_of_range());
    }
    Ok(days_from_civil(
        year,
        month,
        day.min(days_in_month(year, month)),
    ))
}

/// A day, where its year has nine digits at most.
pub(super) fn in_range(days: Option<i64>) -> Result<i64> {
    let least = days_from_civil(-999_999_999, 1, 1);
    let most = days_from_civil(999_999_999, 12, 31);
    days.filter(|days| (least..=most).contains(days))
        .ok_or_else(out_of_range)
}

fn out_of_range() -> Error {
    Error::invalid_data("a date is out of range")
}

fn shift(value: &Value, duration: &Duration, sign: i64) -> Result<Option<Value>> {
    let Some(mut parts) = Parts::of(value) else {
        return Ok(None);
    };
    if let Some(days) = parts.days {
        let months = sign.checked_mul(duration.months);
        let moved = plus_months(days, months.ok_or_else(out_of_range)?)?;
        let added = sign.checked_mul(duration.days);
        let days = added.and_then(|added| moved.checked_add(added));
        parts.days = Some(days.ok_or_else(out_of_range)?);
    }
    let nanos = Sum::from(*duration).nanos * i128::from(sign);
    let day = i128::from(NANOS_PER_DAY);
    let total = i128::from(parts.nanos.unwrap_or(0)) + nanos;
    let (carried, rest) = (total.div_euclid(day) as i64, total.rem_euclid(day) as i64);
    Ok(Some(match value {
        // A date has no time of day: whole days of the seconds count, the rest is lost.
        Value::Date(_) => {
            let whole = (nanos / day) as i64;
            let days = parts.days.unwrap_or_default();
            Value::Date(in_range(days.checked_add(whole))?)
        }
        Value::LocalTime(_) => Value::LocalTime(rest),
        Value::Time(time) => Value::Time(Time {
            nanos: rest,
            offset: time.offset,
        }),
        _ => {
            parts.days = Some(in_range(parts.local().days.checked_add(carried))?);
            parts.nanos = Some(rest);
            match &parts.zone {
                None => Value::LocalDateTime(parts.local()),
                Some(zone) => Value::DateTime(Box::new(parts.at(zone)?)),
            }
        }
    }))
}
