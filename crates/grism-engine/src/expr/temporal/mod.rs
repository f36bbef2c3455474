//! Temporal values: construction, parsing, components, truncation, differences and arithmetic, as the Cypher
//! Improvement Proposal 2015-08-06 (date and time) has them.

mod arithmetic;
mod between;
mod component;
mod construct;
mod duration;
mod parse;
mod truncate;

pub(super) use arithmetic::arithmetic;
pub(super) use component::component;

use grism_core::temporal::{DateTime, LocalDateTime, NANOS_PER_SECOND, Zone};
use grism_core::{Error, Result, Value};
use grism_logical::ScalarFunction as F;

/// Whether the function makes a temporal value.
pub(super) fn is_temporal(function: F) -> bool {
    matches!(
        function,
        F::Date
            | F::LocalTime
            | F::Time
            | F::LocalDateTime
            | F::DateTime
            | F::Duration
            | F::DateTruncate
            | F::LocalTimeTruncate
            | F::TimeTruncate
            | F::LocalDateTimeTruncate
            | F::DateTimeTruncate
            | F::DateTimeFromEpoch
            | F::DateTimeFromEpochMillis
            | F::DurationBetween
            | F::DurationInMonths
            | F::DurationInDays
            | F::DurationInSeconds
    )
}

/// The function's value; null where an argument is.
pub(super) fn call(function: F, arguments: &[Value]) -> Result<Value> {
    if arguments.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    match (function, arguments) {
        (F::Date | F::LocalTime | F::Time | F::LocalDateTime | F::DateTime, []) => {
            construct::construct(function, &Value::DateTime(Box::new(now())))
        }
        (F::Date | F::LocalTime | F::Time | F::LocalDateTime | F::DateTime, [value]) => {
            construct::construct(function, value)
        }
        (F::Duration, [value]) => duration::construct(value),
        (
            F::DateTruncate
            | F::LocalTimeTruncate
            | F::TimeTruncate
            | F::LocalDateTimeTruncate
            | F::DateTimeTruncate,
            [Value::String(unit), rest @ ..],
        ) => {
            let current = Value::DateTime(Box::new(now()));
            let value = rest.first().unwrap_or(&current);
            let fields = match rest.get(1) {
                None => None,
                Some(Value::Map(fields)) => Some(fields),
                Some(other) => return Err(wrong(function, other)),
            };
            truncate::truncate(function, unit, value, fields)
        }
        (F::DateTimeFromEpoch, [Value::Int64(seconds), Value::Int64(nanos)]) => {
            utc(*seconds, *nanos)
        }
        (F::DateTimeFromEpochMillis, [Value::Int64(millis)]) => {
            utc(millis.div_euclid(1000), millis.rem_euclid(1000) * 1_000_000)
        }
        (
            F::DurationBetween | F::DurationInMonths | F::DurationInDays | F::DurationInSeconds,
            [a, b],
        ) => between::between(function, a, b),
        (_, [first, ..]) => Err(wrong(function, first)),
        _ => Err(Error::internal("a temporal function without arguments")),
    }
}

/// The instant so many seconds and nanoseconds after the beginning of 1970.
fn utc(seconds: i64, nanos: i64) -> Result<Value> {
    // Saturated seconds are out of range, too.
    let seconds = seconds.saturating_add(nanos.div_euclid(NANOS_PER_SECOND));
    let local = LocalDateTime::from_seconds(seconds, nanos.rem_euclid(NANOS_PER_SECOND));
    arithmetic::in_range(Some(local.days))?;
    Ok(Value::DateTime(Box::new(DateTime {
        local,
        offset: 0,
        zone: None,
    })))
}

/// The instant it is, in UTC.
fn now() -> DateTime {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    DateTime {
        local: LocalDateTime::from_seconds(since.as_secs() as i64, i64::from(since.subsec_nanos())),
        offset: 0,
        zone: None,
    }
}

fn wrong(function: F, value: &Value) -> Error {
    super::values::mismatch(function, value)
}

/// What a temporal value says of the day, of the time of day, and of the zone.
#[derive(Clone, Debug, Default)]
struct Parts {
    days: Option<i64>,
    nanos: Option<i64>,
    zone: Option<Zone>,
    /// Seconds east of UTC, where they are told beside the zone: an hour that comes twice has two of them.
    offset: Option<i32>,
}

impl Parts {
    /// The parts of a value that is a point in time; `None` for any other.
    fn of(value: &Value) -> Option<Self> {
        let offset = match value {
            Value::DateTime(value) => Some(value.offset),
            _ => None,
        };
        let (days, nanos, zone) = match value {
            Value::Date(days) => (Some(*days), None, None),
            Value::LocalTime(nanos) => (None, Some(*nanos), None),
            Value::Time(time) => (None, Some(time.nanos), Some(Zone::Offset(time.offset))),
            Value::LocalDateTime(value) => (Some(value.days), Some(value.nanos), None),
            Value::DateTime(value) => {
                let zone = match &value.zone {
                    Some(name) => Zone::Named(name.clone()),
                    None => Zone::Offset(value.offset),
                };
                (Some(value.local.days), Some(value.local.nanos), Some(zone))
            }
            _ => return None,
        };
        Some(Self {
            days,
            nanos,
            zone,
            offset,
        })
    }

    /// The offset of the zone on the day and time of the parts.
    fn offset(&self) -> Result<i32> {
        match &self.zone {
            None => Ok(0),
            Some(Zone::Offset(offset)) => Ok(*offset),
            Some(zone) => match self.offset {
                // Without a day nobody knows which offset the zone has.
                Some(offset) if self.days.is_none() => Ok(offset),
                _ => Ok(self.at(zone)?.offset),
            },
        }
    }

    /// The day and the time of the parts.
    fn local(&self) -> LocalDateTime {
        LocalDateTime {
            days: self.days.unwrap_or_default(),
            nanos: self.nanos.unwrap_or_default(),
        }
    }

    /// The instant at which the clocks of `zone` show the day and the time of the parts: the one with the offset of the
    /// parts, where they have one and the zone has it then.
    fn at(&self, zone: &Zone) -> Result<DateTime> {
        let local = self.local();
        if let Some(offset) = self.offset
            && let Some(found) = zone.at_offset(local, offset)?
        {
            return Ok(found);
        }
        zone.at(local)
    }
}
