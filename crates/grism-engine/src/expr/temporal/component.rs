//! Components of temporal values: `value.year` and the like.

use grism_core::temporal::{
    Duration, NANOS_PER_SECOND, civil_from_days, days_from_civil, week_date,
};
use grism_core::{Result, Value};

use super::Parts;
use super::zone::Zone;

/// The component `key`; `None` where the value is not temporal. An unknown component is null.
pub(in crate::expr) fn component(value: &Value, key: &str) -> Result<Option<Value>> {
    if let Value::Duration(duration) = value {
        return Ok(Some(
            of_duration(duration, key).map_or(Value::Null, Value::Int64),
        ));
    }
    let Some(parts) = Parts::of(value) else {
        return Ok(None);
    };
    let found = parts
        .days
        .and_then(|days| of_date(days, key))
        .or_else(|| parts.nanos.and_then(|nanos| of_time(nanos, key)));
    if let Some(found) = found {
        return Ok(Some(Value::Int64(found)));
    }
    if parts.zone.is_none() {
        return Ok(Some(Value::Null));
    }
    let offset = parts.offset()?;
    Ok(Some(match (key, value) {
        ("timezone", _) => match &parts.zone {
            Some(Zone::Named(name)) => Value::String(name.clone()),
            _ => Value::String(offset_text(offset)),
        },
        ("offset", _) => Value::String(offset_text(offset)),
        ("offsetMinutes", _) => Value::Int64(i64::from(offset / 60)),
        ("offsetSeconds", _) => Value::Int64(i64::from(offset)),
        ("epochSeconds", Value::DateTime(value)) => Value::Int64(value.utc().seconds()),
        ("epochMillis", Value::DateTime(value)) => {
            let utc = value.utc();
            Value::Int64(utc.seconds() * 1000 + utc.nanos % NANOS_PER_SECOND / 1_000_000)
        }
        _ => Value::Null,
    }))
}

fn offset_text(offset: i32) -> String {
    if offset == 0 {
        return "Z".to_owned();
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    let seconds = if size.is_multiple_of(60) {
        String::new()
    } else {
        format!(":{:02}", size % 60)
    };
    format!("{sign}{:02}:{:02}{seconds}", size / 3600, size / 60 % 60)
}

fn of_date(days: i64, key: &str) -> Option<i64> {
    let (year, month, day) = civil_from_days(days);
    let (week_year, week, day_of_week) = week_date(days);
    Some(match key {
        "year" => year,
        "quarter" => (month - 1) / 3 + 1,
        "month" => month,
        "week" => week,
        "weekYear" => week_year,
        "dayOfQuarter" => day_of_quarter(days),
        "quarterDay" => day_of_quarter(days),
        "day" => day,
        "ordinalDay" => days - days_from_civil(year, 1, 1) + 1,
        "dayOfWeek" | "weekDay" => day_of_week,
        _ => return None,
    })
}

/// The day of the quarter, from 1.
pub(super) fn day_of_quarter(days: i64) -> i64 {
    let (year, month, _) = civil_from_days(days);
    days - days_from_civil(year, (month - 1) / 3 * 3 + 1, 1) + 1
}

fn of_time(nanos: i64, key: &str) -> Option<i64> {
    let (seconds, fraction) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    Some(match key {
        "hour" => seconds / 3600,
        "minute" => seconds / 60 % 60,
        "second" => seconds % 60,
        "millisecond" => fraction / 1_000_000,
        "microsecond" => fraction / 1000,
        "nanosecond" => fraction,
        _ => return None,
    })
}

fn of_duration(value: &Duration, key: &str) -> Option<i64> {
    let fraction = i64::from(value.nanos);
    Some(match key {
        "years" => value.months / 12,
        "quarters" => value.months / 3,
        "months" => value.months,
        "weeks" => value.days / 7,
        "days" => value.days,
        "hours" => value.seconds / 3600,
        "minutes" => value.seconds / 60,
        "seconds" => value.seconds,
        "milliseconds" => value.seconds * 1000 + fraction / 1_000_000,
        "microseconds" => value.seconds * 1_000_000 + fraction / 1000,
        "nanoseconds" => value.seconds * NANOS_PER_SECOND + fraction,
        "quartersOfYear" => value.months / 3 % 4,
        "monthsOfQuarter" => value.months % 3,
        "monthsOfYear" => value.months % 12,
        "daysOfWeek" => value.days % 7,
        "minutesOfHour" => value.seconds / 60 % 60,
        "secondsOfMinute" => value.seconds % 60,
        "millisecondsOfSecond" => fraction / 1_000_000,
        "microsecondsOfSecond" => fraction / 1000,
        "nanosecondsOfSecond" => fraction,
        _ => return None,
    })
}
