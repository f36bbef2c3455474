//! Dates, times and lengths of time, from Python's own classes and from those of pandas, which extend them.

use grism::temporal::{DateTime, Duration, LocalDateTime, Time, days_from_civil};
use grism::{Error, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyTime};

use super::argument::option;
use crate::error::to_python;

/// The value of a temporal object; `None` for any other.
pub(super) fn value(object: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if object.is_instance_of::<PyDateTime>() {
        // The missing time of pandas is a datetime too.
        if object.get_type().name()? == "NaTType" {
            return Ok(Some(Value::Null));
        }
        return datetime_of(object).map(Some);
    }
    if object.is_instance_of::<PyDate>() {
        return Ok(Some(Value::Date(days_of(object)?)));
    }
    if object.is_instance_of::<PyTime>() {
        return time_of(object).map(Some);
    }
    if object.is_instance_of::<PyDelta>() {
        return delta_of(object).map(Some);
    }
    if object.get_type().name()? == "Duration" && object.hasattr("months")? {
        return duration_of(object).map(Some);
    }
    Ok(None)
}

fn part(object: &Bound<'_, PyAny>, name: &str) -> PyResult<i64> {
    object.getattr(name)?.extract()
}

/// A part that only the classes of pandas have.
fn finer(object: &Bound<'_, PyAny>, name: &str) -> PyResult<i64> {
    match object.getattr_opt(name)? {
        Some(nanos) => nanos.extract(),
        None => Ok(0),
    }
}

fn days_of(object: &Bound<'_, PyAny>) -> PyResult<i64> {
    Ok(days_from_civil(
        part(object, "year")?,
        part(object, "month")?,
        part(object, "day")?,
    ))
}

/// Nanoseconds since midnight.
fn clock_of(object: &Bound<'_, PyAny>) -> PyResult<i64> {
    let hours = part(object, "hour")?;
    let minutes = part(object, "minute")?;
    let seconds = part(object, "second")?;
    let micros = part(object, "microsecond")?;
    let seconds = (hours * 60 + minutes) * 60 + seconds;
    Ok(seconds * 1_000_000_000 + micros * 1_000 + finer(object, "nanosecond")?)
}

fn datetime_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let local = LocalDateTime {
        days: days_of(object)?,
        nanos: clock_of(object)?,
    };
    let offset = object.call_method0("utcoffset")?;
    if offset.is_none() {
        return Ok(Value::LocalDateTime(local));
    }
    Ok(Value::DateTime(Box::new(DateTime {
        local,
        offset: offset_of(&offset)?,
        zone: zone_of(&object.getattr("tzinfo")?),
    })))
}

/// The name of a zone: zoneinfo and pytz name theirs, other kinds have an offset only.
fn zone_of(zone: &Bound<'_, PyAny>) -> Option<String> {
    let named = |attribute: &str| {
        let name = zone.getattr(attribute).ok()?;
        name.extract::<String>().ok()
    };
    named("key").or_else(|| named("zone"))
}

/// Seconds east of UTC.
fn offset_of(delta: &Bound<'_, PyAny>) -> PyResult<i32> {
    if part(delta, "microseconds")? != 0 {
        let message = format!("an offset from UTC is whole seconds, not {delta}");
        return Err(to_python(Error::invalid_query(message)));
    }
    let seconds = part(delta, "days")? * 86_400 + part(delta, "seconds")?;
    // Python keeps offsets within a day.
    Ok(i32::try_from(seconds).unwrap_or_default())
}

fn time_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let nanos = clock_of(object)?;
    let offset = object.call_method0("utcoffset")?;
    if offset.is_none() {
        // A zone whose offset depends on the day says nothing about a time of day.
        if !object.getattr("tzinfo")?.is_none() {
            let message = "a time of day needs an offset that does not depend on the day";
            return Err(to_python(Error::invalid_query(message)));
        }
        return Ok(Value::LocalTime(nanos));
    }
    let offset = offset_of(&offset)?;
    Ok(Value::Time(Time { nanos, offset }))
}

fn delta_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let micros = part(object, "microseconds")?;
    let nanos = micros * 1_000 + finer(object, "nanoseconds")?;
    // Python keeps the days within 32 bits.
    let seconds = part(object, "days")? * 86_400 + part(object, "seconds")?;
    Ok(Value::Duration(Duration::of_length(seconds, nanos)))
}

fn duration_of(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let whole = |name: &str| -> PyResult<i64> {
        option(name, &object.getattr(name)?, "an integer of 64 bits")
    };
    let nanos = whole("nanoseconds")?;
    let seconds = whole("seconds")?.checked_add(nanos.div_euclid(1_000_000_000));
    let seconds = seconds.ok_or_else(|| {
        let message = format!("{object}: the seconds and the nanoseconds together go past 64 bits");
        to_python(Error::invalid_query(message))
    })?;
    Ok(Value::Duration(Duration {
        months: whole("months")?,
        days: whole("days")?,
        seconds,
        nanos: nanos.rem_euclid(1_000_000_000) as i32,
    }))
}
