//! Lengths of time.

use grism_core::{Result, Value};

use super::F;
use super::between::between;
use super::duration::construct;
use super::function::{POINT, TEMPORAL, unless_null, wrong_arguments};
use crate::{Accepts, Example, Function, Kernel, Parameter, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[
    &DURATION,
    &DURATION_BETWEEN,
    &DURATION_IN_MONTHS,
    &DURATION_IN_DAYS,
    &DURATION_IN_SECONDS,
];

/// A length of time.
pub static DURATION: Function = Function {
    name: F::Duration.name(),
    parameters: &[Parameter::new(
        "value",
        Accepts {
            shown: "String | Map | Duration",
            ..Accepts::ANYTHING
        },
    )],
    returns: Returns::Temporal("Duration"),
    kernel: Kernel::Values(|arguments| {
        unless_null(&arguments, |arguments| match arguments {
            [value] => construct(value),
            arguments => Err(wrong_arguments(F::Duration, arguments)),
        })
    }),
    description: "A length of time, from text or a map of its parts.",
    examples: &[
        Example::new("duration('P14DT16H12M')", "P14DT16H12M"),
        Example::new("duration({months: 1, days: -1}).days", "-1"),
    ],
    ..TEMPORAL
};

const DIFFERENCE: Function = Function {
    parameters: &[Parameter::new("from", POINT), Parameter::new("to", POINT)],
    returns: Returns::Temporal("Duration"),
    ..TEMPORAL
};

pub(super) static DURATION_BETWEEN: Function = Function {
    name: F::DurationBetween.name(),
    kernel: Kernel::Values(|arguments| difference(&arguments, F::DurationBetween)),
    description: "The length of time between two temporal values, in all its parts.",
    examples: &[Example::new(
        "duration.between(date('2026-01-31'), date('2026-03-01'))",
        "P1M1D",
    )],
    ..DIFFERENCE
};

pub(super) static DURATION_IN_MONTHS: Function = Function {
    name: F::DurationInMonths.name(),
    kernel: Kernel::Values(|arguments| difference(&arguments, F::DurationInMonths)),
    description: "The length of time between two temporal values, in whole months.",
    examples: &[Example::new(
        "duration.inMonths(date('2026-01-31'), date('2026-03-01'))",
        "P1M",
    )],
    ..DIFFERENCE
};

pub(super) static DURATION_IN_DAYS: Function = Function {
    name: F::DurationInDays.name(),
    kernel: Kernel::Values(|arguments| difference(&arguments, F::DurationInDays)),
    description: "The length of time between two temporal values, in whole days.",
    examples: &[Example::new(
        "duration.inDays(date('2026-01-31'), date('2026-03-01'))",
        "P29D",
    )],
    ..DIFFERENCE
};

pub(super) static DURATION_IN_SECONDS: Function = Function {
    name: F::DurationInSeconds.name(),
    kernel: Kernel::Values(|arguments| difference(&arguments, F::DurationInSeconds)),
    description: "The length of time between two temporal values, in seconds.",
    examples: &[Example::new(
        "duration.inSeconds(localtime('10:00'), localtime('12:30'))",
        "PT2H30M",
    )],
    ..DIFFERENCE
};

fn difference(arguments: &[Value], function: F) -> Result<Value> {
    unless_null(arguments, |arguments| match arguments {
        [a, b] => between(function, a, b),
        arguments => Err(wrong_arguments(function, arguments)),
    })
}
