//! Days, times and lengths of time, which Grism holds to the nanosecond, and Arrow in many units.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array};
use arrow::datatypes::{
    DataType, Date64Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, TimeUnit, TimestampNanosecondType,
};
use grism_core::temporal::{Duration, LocalDateTime, Zone};
use grism_core::{Error, Result, Type, Value};

use super::casts::{any_column, exact_cast};

const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_DAY: i128 = 86_400 * NANOS_PER_SECOND;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// A column of days, times of day, both, or lengths of time.
pub(super) fn of_times(column: &ArrayRef) -> Result<(Type, ArrayRef)> {
    match column.data_type() {
        DataType::Date64 => dates(column),
        DataType::Time32(unit) => times(&exact_cast(column, &DataType::Int32)?, *unit),
        DataType::Time64(unit) => times(column, *unit),
        DataType::Timestamp(unit, zone) => timestamps(column, *unit, zone.as_deref()),
        DataType::Duration(unit) => {
            let numbers: Vec<Option<i64>> = match unit {
                TimeUnit::Second => column.as_primitive::<DurationSecondType>().iter().collect(),
                TimeUnit::Millisecond => column
                    .as_primitive::<DurationMillisecondType>()
                    .iter()
                    .collect(),
                TimeUnit::Microsecond => column
                    .as_primitive::<DurationMicrosecondType>()
                    .iter()
                    .collect(),
                TimeUnit::Nanosecond => column
                    .as_primitive::<DurationNanosecondType>()
                    .iter()
                    .collect(),
            };
            let per_second = (NANOS_PER_SECOND / nanos_of(*unit)) as i64;
            let value = |number: i64| {
                let nanos = number.rem_euclid(per_second) * nanos_of(*unit) as i64;
                Value::Duration(Duration::of_length(number.div_euclid(per_second), nanos))
            };
            of_values(numbers.into_iter(), value)
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let months = column.as_primitive::<IntervalYearMonthType>().iter();
            of_values(months, |months| plain_duration(i64::from(months), 0, 0))
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let parts = column.as_primitive::<IntervalDayTimeType>().iter();
            of_values(parts, |parts| {
                let nanos = i128::from(parts.milliseconds) * 1_000_000;
                plain_duration(0, i64::from(parts.days), nanos)
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let parts = column.as_primitive::<IntervalMonthDayNanoType>().iter();
            of_values(parts, |parts| {
                let (months, days) = (i64::from(parts.months), i64::from(parts.days));
                plain_duration(months, days, i128::from(parts.nanoseconds))
            })
        }
        other => Err(Error::internal(format!(
            "a column of times of type {other}"
        ))),
    }
}

fn of_values<T>(
    numbers: impl Iterator<Item = Option<T>>,
    value: impl Fn(T) -> Value,
) -> Result<(Type, ArrayRef)> {
    let values: Vec<Value> = numbers
        .map(|number| number.map_or(Value::Null, &value))
        .collect();
    any_column(&values)
}

fn nanos_of(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => NANOS_PER_SECOND,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

fn plain_duration(months: i64, days: i64, nanos: i128) -> Value {
    Value::Duration(Duration {
        months,
        days,
        seconds: nanos.div_euclid(NANOS_PER_SECOND) as i64,
        nanos: nanos.rem_euclid(NANOS_PER_SECOND) as i32,
    })
}

/// Milliseconds that should be whole days; where one is not, all are days with times.
fn dates(column: &ArrayRef) -> Result<(Type, ArrayRef)> {
    let millis = column.as_primitive::<Date64Type>();
    if millis
        .iter()
        .flatten()
        .any(|millis| millis % MILLIS_PER_DAY != 0)
    {
        let unit = TimeUnit::Millisecond;
        let timestamps = exact_cast(column, &DataType::Int64)?;
        let timestamps = exact_cast(&timestamps, &DataType::Timestamp(unit, None))?;
        return self::timestamps(&timestamps, unit, None);
    }
    let days = millis
        .iter()
        .map(|millis| millis.map(|millis| millis / MILLIS_PER_DAY));
    let narrow: Result<Date32Array, _> = days
        .clone()
        .map(|days| days.map(i32::try_from).transpose())
        .collect();
    match narrow {
        Ok(days) => Ok((Type::Date, Arc::new(days))),
        Err(_) => of_values(days, Value::Date),
    }
}

/// Times of day.
fn times(column: &ArrayRef, unit: TimeUnit) -> Result<(Type, ArrayRef)> {
    let numbers = exact_cast(column, &DataType::Int64)?;
    let most = (NANOS_PER_DAY / nanos_of(unit)) as i64;
    let numbers = numbers.as_primitive::<Int64Type>();
    let wrong = numbers
        .iter()
        .flatten()
        .find(|time| !(0..most).contains(time));
    if let Some(number) = wrong {
        return Err(Error::invalid_data(format!(
            "{number} is no time of day: a day has {most} of its unit"
        )));
    }
    let scale = nanos_of(unit) as i64;
    let nanos = numbers.unary::<_, Int64Type>(|number| number * scale);
    let ty = Type::LocalTime;
    let times = exact_cast(&(Arc::new(nanos) as ArrayRef), &ty.to_arrow())?;
    Ok((ty, times))
}

/// Days with times of day, or instants, which are counted in UTC: those of another zone are values with that zone.
fn timestamps(column: &ArrayRef, unit: TimeUnit, zone: Option<&str>) -> Result<(Type, ArrayRef)> {
    let zone = zone.map(Zone::parse).transpose();
    let zone = zone.map_err(|error| Error::invalid_data(error.to_string()))?;
    let numbers = exact_cast(column, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let scale = nanos_of(unit);
    let is_plain = zone.as_ref().is_none_or(|zone| *zone == Zone::Offset(0));
    let fits = |number: i64| i64::try_from(i128::from(number) * scale).is_ok();
    if is_plain && numbers.iter().flatten().all(fits) {
        // A number below a null may be anything.
        let nanos =
            numbers.unary::<_, TimestampNanosecondType>(|number| number.wrapping_mul(scale as i64));
        return Ok(match zone {
            Some(_) => (Type::DateTime, Arc::new(nanos.with_timezone("UTC"))),
            None => (Type::LocalDateTime, Arc::new(nanos)),
        });
    }
    let per_second = (NANOS_PER_SECOND / scale) as i64;
    let value = |number: i64| {
        let nanos = i128::from(number.rem_euclid(per_second)) * scale;
        let utc = LocalDateTime::from_seconds(number.div_euclid(per_second), nanos as i64);
        match &zone {
            None => Ok(Value::LocalDateTime(utc)),
            Some(zone) => Ok(Value::DateTime(Box::new(zone.at_utc(utc)?))),
        }
    };
    let values = numbers
        .iter()
        .map(|number| number.map_or(Ok(Value::Null), value));
    any_column(&values.collect::<Result<Vec<Value>>>()?)
}
