//! Scalars and arrays of numpy.

use grism::temporal::{Duration, LocalDateTime};
use grism::{Error, Value};
use pyo3::prelude::*;

use super::unsupported::unsupported;
use crate::error::to_python;

/// What a scalar or an array is.
pub(super) enum Content<'py> {
    /// A value.
    Value(Value),
    /// An object that has the value.
    Item(Bound<'py, PyAny>),
    /// An object whose items are those of the list.
    Items(Bound<'py, PyAny>),
}

/// The content of a scalar, or of an array, which is a list whatever its length.
pub(super) fn content<'py>(object: &Bound<'py, PyAny>) -> PyResult<Content<'py>> {
    let name = object.get_type().name()?.to_string();
    if name == "MaskedConstant" {
        return Ok(Content::Value(Value::Null));
    }
    if !object.hasattr("dtype")? || !object.hasattr("ndim")? {
        return Err(unsupported(&name, ""));
    }
    let dtype = object.getattr("dtype")?;
    let kind: String = dtype.getattr("kind")?.extract()?;
    if object.getattr("ndim")?.extract::<usize>()? > 0 {
        return match kind.as_str() {
            "b" | "i" | "u" | "S" | "U" => Ok(Content::Items(object.call_method0("tolist")?)),
            "f" if dtype.getattr("itemsize")?.extract::<usize>()? <= 8 => {
                Ok(Content::Items(object.call_method0("tolist")?))
            }
            _ => Ok(Content::Items(object.clone())),
        };
    }
    // An array without dimensions holds one scalar.
    let scalar = if name == "ndarray" {
        object.get_item(())?
    } else {
        object.clone()
    };
    match kind.as_str() {
        "b" | "i" | "u" | "S" | "U" => Ok(Content::Item(scalar.call_method0("item")?)),
        "f" => float(&scalar).map(Content::Value),
        "M" => datetime64(&scalar, &dtype).map(Content::Value),
        "m" => timedelta64(&scalar, &dtype).map(Content::Value),
        "O" if name == "ndarray" => Ok(Content::Item(scalar)),
        _ => Err(unsupported(&name, "")),
    }
}

/// A float of any width that 64 bits hold exactly.
fn float(scalar: &Bound<'_, PyAny>) -> PyResult<Value> {
    let number: f64 = scalar.call_method0("__float__")?.extract()?;
    if !number.is_nan() && !scalar.eq(number)? {
        let message = format!("the float {scalar} does not fit into 64 bits");
        return Err(to_python(Error::invalid_query(message)));
    }
    Ok(Value::Float64(number))
}

/// The number of a temporal scalar, and its unit with how many of them count as one; `None` where it is missing.
fn counted(
    scalar: &Bound<'_, PyAny>,
    dtype: &Bound<'_, PyAny>,
) -> PyResult<Option<(i128, String)>> {
    let count: i64 = scalar.call_method1("astype", ("int64",))?.extract()?;
    if count == i64::MIN {
        return Ok(None);
    }
    let numpy = scalar.py().import("numpy")?;
    let (unit, step): (String, i64) = numpy.call_method1("datetime_data", (dtype,))?.extract()?;
    Ok(Some((i128::from(count) * i128::from(step), unit)))
}

fn datetime64(scalar: &Bound<'_, PyAny>, dtype: &Bound<'_, PyAny>) -> PyResult<Value> {
    let Some((count, unit)) = counted(scalar, dtype)? else {
        return Ok(Value::Null);
    };
    let days = match unit.as_str() {
        "Y" => Some(day_of_month(count * 12)),
        "M" => Some(day_of_month(count)),
        "W" => Some(count * 7),
        "D" => Some(count),
        _ => None,
    };
    if let Some(days) = days {
        return match i64::try_from(days) {
            Ok(days) if days.abs() < MOST_DAYS => Ok(Value::Date(days)),
            _ => Err(out_of_range(scalar)),
        };
    }
    let (seconds, nanos) = fine(count, &unit).ok_or_else(|| too_fine(scalar, &unit))?;
    let seconds = i64::try_from(seconds).map_err(|_| out_of_range(scalar))?;
    let local = LocalDateTime::from_seconds(seconds, i64::from(nanos));
    if local.days.abs() >= MOST_DAYS {
        return Err(out_of_range(scalar));
    }
    Ok(Value::LocalDateTime(local))
}

fn timedelta64(scalar: &Bound<'_, PyAny>, dtype: &Bound<'_, PyAny>) -> PyResult<Value> {
    let Some((count, unit)) = counted(scalar, dtype)? else {
        return Ok(Value::Null);
    };
    let whole = |number: i128| i64::try_from(number).map_err(|_| out_of_range(scalar));
    let mut duration = Duration::default();
    match unit.as_str() {
        "Y" => duration.months = whole(count * 12)?,
        "M" => duration.months = whole(count)?,
        "W" => duration.days = whole(count * 7)?,
        "D" => duration.days = whole(count)?,
        "generic" => {
            let message = format!("{} has no unit", scalar.repr()?);
            return Err(to_python(Error::invalid_query(message)));
        }
        _ => {
            let (seconds, nanos) = fine(count, &unit).ok_or_else(|| too_fine(scalar, &unit))?;
            duration = Duration::of_length(whole(seconds)?, nanos.into());
        }
    }
    Ok(Value::Duration(duration))
}

/// Days that dates are within: those of the years ±999,999,999.
const MOST_DAYS: i64 = 365_242_500_000;

/// The days since 1970-01-01 of the first day of a month, counted from that one.
fn day_of_month(months: i128) -> i128 {
    let (year, month) = (1970 + months.div_euclid(12), months.rem_euclid(12));
    match i64::try_from(year) {
        Ok(year) if year.abs() <= 999_999_999 => {
            i128::from(grism::temporal::days_from_civil(year, month as i64 + 1, 1))
        }
        _ => i128::MAX,
    }
}

/// Seconds, and nanoseconds from 0 to 999,999,999, of so many of a unit; `None` where it is finer than that.
fn fine(count: i128, unit: &str) -> Option<(i128, i32)> {
    let split = |per_second: i128| {
        let finest = (per_second / 1_000_000_000).max(1);
        if count % finest != 0 {
            return None;
        }
        let rest = count.rem_euclid(per_second) * 1_000_000_000 / per_second;
        Some((count.div_euclid(per_second), i32::try_from(rest).ok()?))
    };
    match unit {
        "h" => Some((count * 3_600, 0)),
        "m" => Some((count * 60, 0)),
        "s" => Some((count, 0)),
        "ms" => split(1_000),
        "us" | "μs" => split(1_000_000),
        "ns" => split(1_000_000_000),
        "ps" => split(1_000_000_000_000),
        "fs" => split(1_000_000_000_000_000),
        "as" => split(1_000_000_000_000_000_000),
        _ => None,
    }
}

fn too_fine(scalar: &Bound<'_, PyAny>, unit: &str) -> PyErr {
    to_python(Error::invalid_query(format!(
        "{scalar} is in the unit {unit}, and times are whole nanoseconds"
    )))
}

fn out_of_range(scalar: &Bound<'_, PyAny>) -> PyErr {
    to_python(Error::invalid_query(format!("{scalar} is out of range")))
}
