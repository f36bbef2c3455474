//! `date.truncate()` and its like: a value cut to the start of a unit.

use grism_core::temporal::{NANOS_PER_SECOND, civil_from_days, days_from_civil, week_date};
use grism_core::{Error, Result, Value};

use super::construct::{Fields, from_fields};
use super::week::first_week;
use super::{F, Parts, wrong};

/// `value` cut to `unit`, with the parts of `fields` put in place of its own.
pub(super) fn truncate(
    function: F,
    unit: &str,
    value: &Value,
    fields: Option<&Fields>,
) -> Result<Value> {
    let mut parts = Parts::of(value).ok_or_else(|| wrong(function, value))?;
    let unknown = || {
        Error::invalid_query(format!("`{}()` has no unit '{unit}'", function.name()))
            .with_code("ArgumentError:InvalidArgumentValue")
    };
    let unit_nanos = match unit {
        "day" => None,
        "hour" => Some(3600 * NANOS_PER_SECOND),
        "minute" => Some(60 * NANOS_PER_SECOND),
        "second" => Some(NANOS_PER_SECOND),
        "millisecond" => Some(1_000_000),
        "microsecond" => Some(1000),
        _ => None,
    };
    let needs_date = matches!(
        function,
        F::DateTruncate | F::LocalDateTimeTruncate | F::DateTimeTruncate
    );
    match unit_nanos {
        Some(_) if function == F::DateTruncate => return Err(unknown()),
        Some(nanos) => {
            parts.nanos = parts.nanos.map(|own| own - own % nanos);
        }
        None => {
            match (unit, parts.days) {
                ("day", _) => {}
                (_, Some(days)) if needs_date => {
                    parts.days = Some(truncate_date(days, unit).ok_or_else(unknown)?);
                }
                _ => return Err(unknown()),
            }
            parts.nanos = Some(0);
        }
    }
    if needs_date && parts.days.is_none() {
        return Err(wrong(function, value));
    }
    if !needs_date && parts.nanos.is_none() {
        return Err(wrong(function, value));
    }
    parts.nanos = parts.nanos.or(Some(0));
    from_fields(function, fields.unwrap_or(&Fields::new()), &parts)
}

fn truncate_date(days: i64, unit: &str) -> Option<i64> {
    let (year, month, _) = civil_from_days(days);
    let (week_year, _, day_of_week) = week_date(days);
    let start = |year: i64| days_from_civil(year, 1, 1);
    Some(match unit {
        "millennium" => start(year.div_euclid(1000) * 1000),
        "century" => start(year.div_euclid(100) * 100),
        "decade" => start(year.div_euclid(10) * 10),
        "year" => start(year),
        "weekYear" => first_week(week_year),
        "quarter" => days_from_civil(year, (month - 1) / 3 * 3 + 1, 1),
        "month" => days_from_civil(year, month, 1),
        "week" => days - day_of_week + 1,
        _ => return None,
    })
}
