//! Temporal values cut to a unit.

use grism_core::{Result, Value};

use super::F;
use super::clock::now;
use super::function::{POINT, TEMPORAL, unless_null, wrong, wrong_arguments};
use super::truncate::truncate;
use crate::{Accepts, Example, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[
    &DATE_TRUNCATE,
    &LOCAL_TIME_TRUNCATE,
    &TIME_TRUNCATE,
    &LOCAL_DATE_TIME_TRUNCATE,
    &DATE_TIME_TRUNCATE,
];

const CUT: Function = Function {
    parameters: &[
        Parameter::new(
            "unit",
            Accepts {
                shown: "String",
                ..Accepts::ANYTHING
            },
        ),
        Parameter::optional("value", POINT),
        Parameter::optional(
            "fields",
            Accepts {
                shown: "Map",
                ..Accepts::ANYTHING
            },
        ),
    ],
    ..TEMPORAL
};

/// `date.truncate`.
pub(super) static DATE_TRUNCATE: Function = Function {
    name: F::DateTruncate.name(),
    returns: Returns::Temporal("Date"),
    kernel: Kernel::Values(|arguments| cut(&arguments, F::DateTruncate)),
    description: "A day cut to a unit, such as `month`.",
    examples: &[Example::new(
        "date.truncate('month', date('2026-02-28'))",
        "2026-02-01",
    )],
    ..CUT
};

/// `localtime.truncate`.
pub(super) static LOCAL_TIME_TRUNCATE: Function = Function {
    name: F::LocalTimeTruncate.name(),
    returns: Returns::Temporal("LocalTime"),
    kernel: Kernel::Values(|arguments| cut(&arguments, F::LocalTimeTruncate)),
    description: "A time of day cut to a unit.",
    examples: &[Example::new(
        "localtime.truncate('hour', localtime('12:31:14'))",
        "12:00",
    )],
    ..CUT
};

/// `time.truncate`.
pub(super) static TIME_TRUNCATE: Function = Function {
    name: F::TimeTruncate.name(),
    returns: Returns::Temporal("Time"),
    kernel: Kernel::Values(|arguments| cut(&arguments, F::TimeTruncate)),
    description: "A time of day with an offset, cut to a unit.",
    examples: &[Example::new(
        "time.truncate('minute', time('12:31:14+01:00'))",
        "12:31+01:00",
    )],
    ..CUT
};

/// `localdatetime.truncate`.
pub(super) static LOCAL_DATE_TIME_TRUNCATE: Function = Function {
    name: F::LocalDateTimeTruncate.name(),
    returns: Returns::Temporal("LocalDateTime"),
    kernel: Kernel::Values(|arguments| cut(&arguments, F::LocalDateTimeTruncate)),
    description: "A day and time cut to a unit, with fields of a map set afterwards.",
    examples: &[Example::new(
        "localdatetime.truncate('day', localdatetime('2026-02-28T12:31'), {hour: 3})",
        "2026-02-28T03:00",
    )],
    ..CUT
};

/// `datetime.truncate`.
pub static DATE_TIME_TRUNCATE: Function = Function {
    name: F::DateTimeTruncate.name(),
    returns: Returns::Temporal("DateTime"),
    kernel: Kernel::Values(|arguments| cut(&arguments, F::DateTimeTruncate)),
    description: "An instant cut to a unit.",
    examples: &[Example::new(
        "datetime.truncate('year', datetime('2026-02-28T12:31Z'))",
        "2026-01-01T00:00Z",
    )],
    ..CUT
};

fn cut(arguments: &[Value], function: F) -> Result<Value> {
    unless_null(arguments, |arguments| {
        let [Value::String(unit), rest @ ..] = arguments else {
            return Err(wrong_arguments(function, arguments));
        };
        let current = Value::DateTime(Box::new(now()));
        let value = rest.first().unwrap_or(&current);
        let fields = match rest.get(1) {
            None => None,
            Some(Value::Map(fields)) => Some(fields),
            Some(other) => return Err(wrong(function, other)),
        };
        truncate(function, unit, value, fields)
    })
}
