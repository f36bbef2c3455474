//! The temporal functions by what they make, for kernels that several of them share.

use grism_core::{Error, Result, Value};

use crate::call::mismatch;
use crate::{Accepts, Category, Function};

/// A temporal function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemporalFunction {
    Date,
    LocalTime,
    Time,
    LocalDateTime,
    DateTime,
    DateTruncate,
    LocalTimeTruncate,
    TimeTruncate,
    LocalDateTimeTruncate,
    DateTimeTruncate,
    Duration,
    DurationBetween,
    DurationInMonths,
    DurationInDays,
    DurationInSeconds,
}

/// What combines a temporal value or a duration with another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemporalOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What most temporal functions have in common.
pub(super) const TEMPORAL: Function = Function {
    category: Category::Time,
    ..Function::BASE
};

/// A point in time.
pub(super) const POINT: Accepts = Accepts {
    shown: "temporal",
    ..Accepts::ANYTHING
};

impl TemporalFunction {
    /// The function's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::LocalTime => "localtime",
            Self::Time => "time",
            Self::LocalDateTime => "localdatetime",
            Self::DateTime => "datetime",
            Self::DateTruncate => "date.truncate",
            Self::LocalTimeTruncate => "localtime.truncate",
            Self::TimeTruncate => "time.truncate",
            Self::LocalDateTimeTruncate => "localdatetime.truncate",
            Self::DateTimeTruncate => "datetime.truncate",
            Self::Duration => "duration",
            Self::DurationBetween => "duration.between",
            Self::DurationInMonths => "duration.inMonths",
            Self::DurationInDays => "duration.inDays",
            Self::DurationInSeconds => "duration.inSeconds",
        }
    }
}

/// The error for a value that the function does not take.
pub(super) fn wrong(function: TemporalFunction, value: &Value) -> Error {
    mismatch(&format!("`{}()`", function.name()), value)
}

/// What `compute` makes of the arguments; null where one of them is.
pub(super) fn unless_null(
    arguments: &[Value],
    compute: impl FnOnce(&[Value]) -> Result<Value>,
) -> Result<Value> {
    if arguments.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    compute(arguments)
}

/// The error for arguments that the function does not take, of which the first is named.
pub(super) fn wrong_arguments(function: TemporalFunction, arguments: &[Value]) -> Error {
    match arguments.first() {
        Some(first) => wrong(function, first),
        None => Error::internal("a temporal function without arguments"),
    }
}
