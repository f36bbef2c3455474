//! Dates and times from maps of their parts, from text, and from other temporal values.

use std::collections::BTreeMap;

use grism_core::temporal::{
    LocalDateTime, NANOS_PER_DAY, NANOS_PER_SECOND, SECONDS_PER_DAY, Time, Zone, civil_from_days,
    days_from_civil, days_in_month, days_in_quarter, is_leap_year, week_date, weeks_in_year,
};
use grism_core::{Error, Result, Value};

use super::week::day_in_week;
use super::{F, Parts, parse, wrong};

/// The fields of a map.
pub(super) type Fields = BTreeMap<String, Value>;

const DATE_FIELDS: [&str; 9] = [
    "date",
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "dayOfQuarter",
    "dayOfWeek",
    "ordinalDay",
];
const TIME_FIELDS: [&str; 7] = [
    "time",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
];

/// `date(value)` and its like.
pub(super) fn construct(function: F, value: &Value) -> Result<Value> {
    let parts = match value {
        Value::String(text) => parse::parse(function, text)?,
        Value::Map(fields) => return from_fields(function, fields, &Parts::default()),
        other => Parts::of(other).ok_or_else(|| wrong(function, other))?,
    };
    assemble(function, &parts).ok_or_else(|| wrong(function, value))?
}

/// The value that `function` makes of parts; `None` where one that it needs is missing.
pub(super) fn assemble(function: F, parts: &Parts) -> Option<Result<Value>> {
    let local = || {
        Some(LocalDateTime {
            days: parts.days?,
            nanos: parts.nanos.unwrap_or(0),
        })
    };
    Some(Ok(match function {
        F::Date | F::DateTruncate => Value::Date(parts.days?),
        F::LocalTime | F::LocalTimeTruncate => Value::LocalTime(parts.nanos?),
        F::Time | F::TimeTruncate => {
            let nanos = parts.nanos?;
            match parts.offset() {
                Ok(offset) => Value::Time(Time { nanos, offset }),
                Err(error) => return Some(Err(error)),
            }
        }
        F::LocalDateTime | F::LocalDateTimeTruncate => Value::LocalDateTime(local()?),
        _ => {
            parts.days?;
            let instant = parts.at(parts.zone.as_ref().unwrap_or(&Zone::Offset(0)));
            return Some(instant.map(|value| Value::DateTime(Box::new(value))));
        }
    }))
}

/// The value that the fields of a map make, over the parts of `base`.
pub(super) fn from_fields(function: F, fields: &Fields, base: &Parts) -> Result<Value> {
    let has_date = !matches!(
        function,
        F::LocalTime | F::Time | F::LocalTimeTruncate | F::TimeTruncate
    );
    let has_time = !matches!(function, F::Date | F::DateTruncate);
    let has_zone = matches!(
        function,
        F::Time | F::DateTime | F::TimeTruncate | F::DateTimeTruncate
    );
    for key in fields.keys() {
        let known = has_date && DATE_FIELDS.contains(&key.as_str())
            || has_time && TIME_FIELDS.contains(&key.as_str())
            || has_date && has_time && key == "datetime"
            || has_zone && key == "timezone";
        if !known {
            return Err(Error::invalid_query(format!(
                "`{}()` has no field `{key}`",
                function.name()
            ))
            .with_code("ArgumentError:InvalidArgumentValue"));
        }
    }
    let given = |name: &str| -> Result<Parts> {
        match fields.get(name) {
            None => Ok(Parts::default()),
            Some(value) => Parts::of(value).ok_or_else(|| wrong(function, value)),
        }
    };
    let whole = given("datetime")?;
    let (date, time) = (given("date")?, given("time")?);
    let days_base = date.days.or(whole.days).or(base.days);
    let nanos_base = time.nanos.or(whole.nanos).or(base.nanos);
    let (zone_base, offset_base) = if fields.contains_key("time") {
        (time.zone.clone(), time.offset)
    } else {
        (whole.zone.clone(), whole.offset)
    };
    let zone = match fields.get("timezone") {
        None => None,
        Some(Value::String(name)) => Some(Zone::parse(name)?),
        Some(other) => return Err(wrong(function, other)),
    };
    let mut parts = Parts {
        days: None,
        nanos: None,
        zone: zone
            .clone()
            .or(zone_base.clone())
            .or_else(|| base.zone.clone())
            .filter(|_| has_zone),
        offset: match (&zone, &zone_base) {
            (Some(_), _) => None,
            (None, Some(_)) => offset_base,
            (None, None) => base.offset,
        },
    };
    if has_date {
        parts.days = Some(date_of(function, fields, days_base)?);
    }
    if has_time {
        parts.nanos = Some(time_of(function, fields, nanos_base)?);
    }
    if let (Some(from), Some(to), true) = (&zone_base, &zone, has_zone)
        && from != to
    {
        // The value came with a zone of its own: another zone shows the same instant.
        let shown = Parts {
            days: parts.days.or(time.days).or(whole.days),
            nanos: parts.nanos,
            zone: None,
            offset: offset_base,
        };
        let moved = to.at_utc(shown.at(from)?.utc())?;
        parts.offset = Some(moved.offset);
        parts.nanos = Some(moved.local.nanos);
        if has_date {
            parts.days = Some(moved.local.days);
        } else {
            parts.zone = Some(Zone::Offset(moved.offset));
        }
    }
    assemble(function, &parts).ok_or_else(|| Error::internal("all parts are there"))?
}

fn integer(function: F, fields: &Fields, name: &str) -> Result<Option<i64>> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::Int64(value)) => Ok(Some(*value)),
        Some(other) => Err(wrong(function, other)),
    }
}

fn in_range(name: &str, value: i64, least: i64, most: i64) -> Result<i64> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(
        Error::invalid_query(format!("{name} {value} is out of range: {least} to {most}"))
            .with_code("ArgumentError:InvalidArgumentValue"),
    )
}

fn date_of(function: F, fields: &Fields, base: Option<i64>) -> Result<i64> {
    let field = |name: &str| integer(function, fields, name);
    let (year, quarter, month, day) = (
        field("year")?,
        field("quarter")?,
        field("month")?,
        field("day")?,
    );
    let (week, day_of_week) = (field("week")?, field("dayOfWeek")?);
    let (ordinal, day_of_quarter) = (field("ordinalDay")?, field("dayOfQuarter")?);
    let known = base.map(civil_from_days);
    let needs_year = || {
        Error::invalid_query(format!("`{}()` needs a year", function.name()))
            .with_code("ArgumentError:InvalidArgumentValue")
    };
    let own_year = || {
        year.or(known.map(|(year, _, _)| year))
            .ok_or_else(needs_year)
    };
    if let Some(year) = year {
        in_range("the year", year, -999_999_999, 999_999_999)?;
    }
    if week.is_some() || day_of_week.is_some() {
        let base = base.map(week_date);
        let year = year
            .or(base.map(|(year, _, _)| year))
            .ok_or_else(needs_year)?;
        let week = week.or(base.map(|(_, week, _)| week)).unwrap_or(1);
        let day = day_of_week.or(base.map(|(_, _, day)| day)).unwrap_or(1);
        in_range("the week", week, 1, weeks_in_year(year))?;
        in_range("the day of the week", day, 1, 7)?;
        return Ok(day_in_week(year, week, day));
    }
    if let Some(ordinal) = ordinal {
        let year = own_year()?;
        in_range(
            "the day of the year",
            ordinal,
            1,
            365 + i64::from(is_leap_year(year)),
        )?;
        return Ok(days_from_civil(year, 1, 1) + ordinal - 1);
    }
    if quarter.is_some() || day_of_quarter.is_some() {
        let year = own_year()?;
        let quarter = quarter
            .or(known.map(|(_, month, _)| (month - 1) / 3 + 1))
            .unwrap_or(1);
        in_range("the quarter", quarter, 1, 4)?;
        let day = day_of_quarter
            .or(base.map(super::component::day_of_quarter))
            .unwrap_or(1);
        in_range(
            "the day of the quarter",
            day,
            1,
            days_in_quarter(year, quarter),
        )?;
        return Ok(days_from_civil(year, quarter * 3 - 2, 1) + day - 1);
    }
    let year = own_year()?;
    let month = month.or(known.map(|(_, month, _)| month)).unwrap_or(1);
    let day = day.or(known.map(|(_, _, day)| day)).unwrap_or(1);
    in_range("the month", month, 1, 12)?;
    in_range("the day", day, 1, days_in_month(year, month))?;
    Ok(days_from_civil(year, month, day))
}

fn time_of(function: F, fields: &Fields, base: Option<i64>) -> Result<i64> {
    let field = |name: &str| integer(function, fields, name);
    let base_nanos = base.unwrap_or(0);
    let seconds = base_nanos / NANOS_PER_SECOND;
    let hour = in_range("the hour", field("hour")?.unwrap_or(seconds / 3600), 0, 23)?;
    let minute = field("minute")?.unwrap_or(seconds / 60 % 60);
    let second = field("second")?.unwrap_or(seconds % 60);
    in_range("the minute", minute, 0, 59)?;
    in_range("the second", second, 0, 59)?;
    let fraction = base_nanos % NANOS_PER_SECOND;
    let (milli, micro, nano) = (
        field("millisecond")?,
        field("microsecond")?,
        field("nanosecond")?,
    );
    for (name, value, most) in [
        ("the millisecond", milli, 999),
        ("the microsecond", micro, 999_999),
        ("the nanosecond", nano, NANOS_PER_SECOND - 1),
    ] {
        if let Some(value) = value {
            in_range(name, value, 0, most)?;
        }
    }
    // A small unit that is given in full leaves nothing of the larger ones.
    let micro_is_all = micro.is_some_and(|micro| micro > 999);
    let nano_is_all = nano.is_some_and(|nano| nano > 999_999);
    let nano_has_micro = nano.is_some_and(|nano| nano > 999);
    let milli_part = milli.unwrap_or(if micro_is_all || nano_is_all {
        0
    } else {
        fraction / 1_000_000
    });
    let micro_part = micro.unwrap_or(if nano_has_micro {
        0
    } else {
        fraction / 1000 % 1000
    });
    let total = milli_part * 1_000_000 + micro_part * 1000 + nano.unwrap_or(fraction % 1000);
    in_range("the fraction of a second", total, 0, NANOS_PER_SECOND - 1)?;
    let nanos = (hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + total;
    debug_assert!(nanos < NANOS_PER_DAY && SECONDS_PER_DAY > 0);
    Ok(nanos)
}
