//! Points in time: `date`, `localtime`, `time`, `localdatetime` and `datetime`.

use grism_core::{Result, Value};

use super::F;
use super::clock::now;
use super::construct::construct;
use super::function::{POINT, TEMPORAL, unless_null};
use crate::{Accepts, Binding, Example, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] =
    &[&DATE, &LOCAL_TIME, &TIME, &LOCAL_DATE_TIME, &DATE_TIME];

const MADE: Function = Function {
    parameters: &[Parameter::optional("value", POINT_OF)],
    binding: Binding::Clock,
    ..TEMPORAL
};

/// What points in time are made of.
const POINT_OF: Accepts = Accepts {
    shown: "String | Map | temporal",
    ..POINT
};

/// `date`.
pub static DATE: Function = Function {
    name: F::Date.name(),
    returns: Returns::Temporal("Date"),
    kernel: Kernel::Values(|arguments| make(&arguments, F::Date)),
    description: "A day, from text, a map of its parts, or another temporal value; without argument today.",
    examples: &[
        Example::new("date('2026-W10-3')", "2026-03-04"),
        Example::new("date({year: 2026, month: 2, day: 3})", "2026-02-03"),
    ],
    ..MADE
};

/// `localtime`.
pub(super) static LOCAL_TIME: Function = Function {
    name: F::LocalTime.name(),
    returns: Returns::Temporal("LocalTime"),
    kernel: Kernel::Values(|arguments| make(&arguments, F::LocalTime)),
    description: "A time of day, from text, a map of its parts, or another temporal value; without argument that of now.",
    examples: &[Example::new("localtime('12:31:14.645')", "12:31:14.645")],
    ..MADE
};

/// `time`.
pub static TIME: Function = Function {
    name: F::Time.name(),
    returns: Returns::Temporal("Time"),
    kernel: Kernel::Values(|arguments| make(&arguments, F::Time)),
    description: "A time of day with an offset, from text, a map of its parts, or another temporal value; without argument that of now.",
    examples: &[Example::new(
        "time({hour: 12, minute: 31, timezone: '+01:00'})",
        "12:31+01:00",
    )],
    ..MADE
};

/// `localdatetime`.
pub(super) static LOCAL_DATE_TIME: Function = Function {
    name: F::LocalDateTime.name(),
    returns: Returns::Temporal("LocalDateTime"),
    kernel: Kernel::Values(|arguments| make(&arguments, F::LocalDateTime)),
    description: "A day and time, from text, a map of their parts, or another temporal value; without argument those of now.",
    examples: &[Example::new(
        "localdatetime({year: 2026, quarter: 3})",
        "2026-07-01T00:00",
    )],
    ..MADE
};

/// `datetime`.
pub static DATE_TIME: Function = Function {
    name: F::DateTime.name(),
    returns: Returns::Temporal("DateTime"),
    kernel: Kernel::Values(|arguments| make(&arguments, F::DateTime)),
    description: "An instant with a zone, from text, a map of its parts, or another temporal value; without argument the start of the statement.",
    examples: &[Example::new(
        "datetime('2026-07-21T21:40:32.142+0100')",
        "2026-07-21T21:40:32.142+01:00",
    )],
    ..MADE
};

fn make(arguments: &[Value], function: F) -> Result<Value> {
    unless_null(arguments, |arguments| match arguments.first() {
        Some(value) => construct(function, value),
        None => construct(function, &Value::DateTime(Box::new(now()))),
    })
}
