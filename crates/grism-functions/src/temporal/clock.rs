//! Instants from numbers, and the clock.

use grism_core::temporal::{DateTime, LocalDateTime, NANOS_PER_SECOND};
use grism_core::{Result, Value};

use super::arithmetic::in_range;
use super::function::{TEMPORAL, unless_null};
use crate::{Accepts, Binding, Example, Failure, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&FROM_EPOCH, &FROM_EPOCH_MILLIS, &TIMESTAMP];

static FROM_EPOCH: Function = Function {
    name: "datetime.fromepoch",
    parameters: &[
        Parameter::new("seconds", INTEGER),
        Parameter::new("nanoseconds", INTEGER),
    ],
    returns: Returns::Temporal("DateTime"),
    kernel: Kernel::Values(|arguments| {
        unless_null(&arguments, |arguments| match arguments {
            [Value::Int64(seconds), Value::Int64(nanos)] => utc(*seconds, *nanos),
            arguments => Err(FROM_EPOCH.mismatch(&arguments[0])),
        })
    }),
    description: "The instant so many seconds and nanoseconds after the beginning of 1970.",
    examples: &[Example::new(
        "datetime.fromepoch(1000000000, 5)",
        "2001-09-09T01:46:40.000000005Z",
    )],
    ..TEMPORAL
};

static FROM_EPOCH_MILLIS: Function = Function {
    name: "datetime.fromepochmillis",
    parameters: &[Parameter::new("milliseconds", INTEGER)],
    returns: Returns::Temporal("DateTime"),
    kernel: Kernel::Values(|arguments| {
        unless_null(&arguments, |arguments| match arguments {
            [Value::Int64(millis)] => {
                utc(millis.div_euclid(1000), millis.rem_euclid(1000) * 1_000_000)
            }
            arguments => Err(FROM_EPOCH_MILLIS.mismatch(&arguments[0])),
        })
    }),
    description: "The instant so many milliseconds after the beginning of 1970.",
    examples: &[Example::new(
        "datetime.fromepochmillis(237821673987)",
        "1977-07-15T13:34:33.987Z",
    )],
    ..TEMPORAL
};

static TIMESTAMP: Function = Function {
    name: "timestamp",
    returns: Returns::INTEGER,
    failure: Failure::Never,
    binding: Binding::Timestamp,
    description: "Milliseconds from the beginning of 1970 to the start of the statement.",
    examples: &[Example::new("timestamp() > 1700000000000", "true")],
    ..TEMPORAL
};

/// Integers; what is no integer is refused value by value.
const INTEGER: Accepts = Accepts {
    shown: "Int64",
    ..Accepts::ANYTHING
};

/// The instant so many seconds and nanoseconds after the beginning of 1970.
fn utc(seconds: i64, nanos: i64) -> Result<Value> {
    // Saturated seconds are out of range, too.
    let seconds = seconds.saturating_add(nanos.div_euclid(NANOS_PER_SECOND));
    let local = LocalDateTime::from_seconds(seconds, nanos.rem_euclid(NANOS_PER_SECOND));
    in_range(Some(local.days))?;
    Ok(Value::DateTime(Box::new(DateTime {
        local,
        offset: 0,
        zone: None,
    })))
}

/// The instant it is, in UTC.
pub(super) fn now() -> DateTime {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    DateTime {
        local: LocalDateTime::from_seconds(since.as_secs() as i64, i64::from(since.subsec_nanos())),
        offset: 0,
        zone: None,
    }
}
