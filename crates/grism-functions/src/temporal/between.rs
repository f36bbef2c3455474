//! The length of time between two temporal values.

use grism_core::temporal::{Duration, LocalDateTime, NANOS_PER_DAY, Zone, civil_from_days};
use grism_core::{Result, Value};

use super::arithmetic::plus_months;
use super::duration::Sum;
use super::{F, Parts, wrong};

/// `duration.between(a, b)` and its like.
pub(super) fn between(function: F, a: &Value, b: &Value) -> Result<Value> {
    let mut first = Parts::of(a).ok_or_else(|| wrong(function, a))?;
    let mut second = Parts::of(b).ok_or_else(|| wrong(function, b))?;
    if first.days.is_none() || second.days.is_none() {
        // Where one has no day, the days do not count.
        if matches!(function, F::DurationInMonths | F::DurationInDays) {
            return Ok(Value::Duration(Duration::default()));
        }
        // The day tells which offset a zone has.
        let day = first.days.or(second.days).unwrap_or_default();
        (first.days, second.days) = (Some(day), Some(day));
        return Ok(Value::Duration(seconds(instants(&first, &second)?)?));
    }
    let (from, to) = instants(&first, &second)?;
    if function == F::DurationInSeconds {
        return Ok(Value::Duration(seconds((from, to))?));
    }
    // From here on in the clocks of one zone.
    let zone = match (&first.zone, &second.zone) {
        (Some(zone), Some(_)) => zone.clone(),
        _ => Zone::Offset(0),
    };
    let (start, end) = if first.zone.is_some() && second.zone.is_some() {
        (zone.at_utc(from)?.local, zone.at_utc(to)?.local)
    } else {
        (first.local(), second.local())
    };
    let mut sum = Sum::default();
    let mut place = start;
    if function != F::DurationInDays {
        let months = whole_months(start, end);
        sum.months = i128::from(months);
        place.days = plus_months(place.days, months)?;
    }
    if function == F::DurationInMonths {
        return sum.finish().map(Value::Duration);
    }
    let mut days = end.days - place.days;
    if days > 0 && end.nanos < place.nanos {
        days -= 1;
    } else if days < 0 && end.nanos > place.nanos {
        days += 1;
    }
    sum.days = i128::from(days);
    if function == F::DurationInDays {
        return sum.finish().map(Value::Duration);
    }
    place.days += days;
    let (rest_from, rest_to) = (zone.at(place)?.utc(), zone.at(end)?.utc());
    sum.nanos = difference(rest_from, rest_to);
    sum.finish().map(Value::Duration)
}

/// Both as clocks in UTC show them; what has no zone is taken to be in the other's.
fn instants(first: &Parts, second: &Parts) -> Result<(LocalDateTime, LocalDateTime)> {
    let zone_of = |own: &Parts, other: &Parts| {
        own.zone
            .clone()
            .or_else(|| other.zone.clone())
            .unwrap_or(Zone::Offset(0))
    };
    Ok((
        first.at(&zone_of(first, second))?.utc(),
        second.at(&zone_of(second, first))?.utc(),
    ))
}

fn difference(from: LocalDateTime, to: LocalDateTime) -> i128 {
    i128::from(to.days - from.days) * i128::from(NANOS_PER_DAY) + i128::from(to.nanos - from.nanos)
}

fn seconds((from, to): (LocalDateTime, LocalDateTime)) -> Result<Duration> {
    let sum = Sum {
        nanos: difference(from, to),
        ..Sum::default()
    };
    sum.finish()
}

/// How many whole months lie between, towards zero: a month is whole where its day and its time of day are reached, whether the
/// other month has such a day or not.
fn whole_months(from: LocalDateTime, to: LocalDateTime) -> i64 {
    let mut last = to.days;
    if to.days > from.days && to.nanos < from.nanos {
        last -= 1;
    } else if to.days < from.days && to.nanos > from.nanos {
        last += 1;
    }
    // No month has more than 31 days, so that 32 keep months apart.
    let place = |days: i64| {
        let (year, month, day) = civil_from_days(days);
        (year * 12 + month) * 32 + day
    };
    (place(last) - place(from.days)) / 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporal::parse::parse_date;

    #[test]
    fn a_month_is_whole_where_its_day_is_reached() {
        for (from, to, function, length) in [
            ("2020-02-29", "2021-02-28", F::DurationBetween, "P11M30D"),
            ("2021-02-28", "2020-02-29", F::DurationBetween, "P-11M-28D"),
            ("2020-01-31", "2020-02-29", F::DurationInMonths, "PT0S"),
            ("2020-02-29", "2020-01-31", F::DurationInMonths, "PT0S"),
            ("2020-01-31", "2020-03-01", F::DurationBetween, "P1M1D"),
            ("2020-01-31", "2020-03-31", F::DurationBetween, "P2M"),
            ("2020-02-29", "2024-02-29", F::DurationInMonths, "P4Y"),
            ("2020-03-30", "2020-02-29", F::DurationBetween, "P-1M"),
        ] {
            let date = |text| Value::Date(parse_date(text).unwrap());
            let found = between(function, &date(from), &date(to)).unwrap();
            assert_eq!(found.to_string(), length, "{from} {to}");
        }
    }
}
