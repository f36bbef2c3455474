//! Components of temporal values: `value.year` and the like.

use grism_core::temporal::{
    Duration, NANOS_PER_SECOND, Zone, civil_from_days, days_from_civil, week_date,
};
use grism_core::{Error, Result, Value};

use super::Parts;

/// The component `key`; `None` where the value is not temporal. An unknown component is null.
pub fn component(value: &Value, key: &str) -> Result<Option<Value>> {
    if let Value::Duration(duration) = value {
        let found = of_duration(duration, key).map(fitting).transpose()?;
        return Ok(Some(found.map_or(Value::Null, Value::Int64)));
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
    // An instant has its offset: where clocks go back, the time of the zone alone does not tell it.
    let offset = match value {
        Value::DateTime(value) => value.offset,
        _ => parts.offset()?,
    };
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
            let millis = i128::from(utc.seconds()) * 1000
                + i128::from(utc.nanos % NANOS_PER_SECOND / 1_000_000);
            Value::Int64(fitting(millis)?)
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

fn of_duration(value: &Duration, key: &str) -> Option<i128> {
    let (months, days) = (i128::from(value.months), i128::from(value.days));
    let (seconds, fraction) = (i128::from(value.seconds), i128::from(value.nanos));
    Some(match key {
        "years" => months / 12,
        "quarters" => months / 3,
        "months" => months,
        "weeks" => days / 7,
        "days" => days,
        "hours" => seconds / 3600,
        "minutes" => seconds / 60,
        "seconds" => seconds,
        "milliseconds" => seconds * 1000 + fraction / 1_000_000,
        "microseconds" => seconds * 1_000_000 + fraction / 1000,
        "nanoseconds" => seconds * i128::from(NANOS_PER_SECOND) + fraction,
        "quartersOfYear" => months / 3 % 4,
        "monthsOfQuarter" => months % 3,
        "monthsOfYear" => months % 12,
        "daysOfWeek" => days % 7,
        "minutesOfHour" => seconds / 60 % 60,
        "secondsOfMinute" => seconds % 60,
        "millisecondsOfSecond" => fraction / 1_000_000,
        "microsecondsOfSecond" => fraction / 1000,
        "nanosecondsOfSecond" => fraction,
        _ => return None,
    })
}

/// A number that may be too large for an integer.
fn fitting(number: i128) -> Result<i64> {
    i64::try_from(number).map_err(|_| Error::invalid_data("a number of units is out of range"))
}
