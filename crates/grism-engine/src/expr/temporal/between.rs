//! The length of time between two temporal values.

use grism_core::temporal::{Duration, LocalDateTime, NANOS_PER_DAY, civil_from_days};
use grism_core::{Result, Value};
use grism_logical::ScalarFunction as F;

use super::arithmetic::plus_months;
use super::duration::Sum;
use super::zone::Zone;
use super::{Parts, wrong};

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
        (local(&first), local(&second))
    };
    let mut sum = Sum::default();
    let mut place = start;
    if function != F::DurationInDays {
        let months = whole_months(start, end)?;
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

fn local(parts: &Parts) -> LocalDateTime {
    LocalDateTime {
        days: parts.days.unwrap_or_default(),
        nanos: parts.nanos.unwrap_or(0),
    }
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
        zone_of(first, second).at(local(first))?.utc(),
        zone_of(second, first).at(local(second))?.utc(),
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

/// How many whole months lie between, towards zero.
fn whole_months(from: LocalDateTime, to: LocalDateTime) -> Result<i64> {
    let ((a_year, a_month, _), (b_year, b_month, _)) =
        (civil_from_days(from.days), civil_from_days(to.days));
    let months = (b_year * 12 + b_month) - (a_year * 12 + a_month);
    let reached = LocalDateTime {
        days: plus_months(from.days, months)?,
        nanos: from.nanos,
    };
    Ok(if months > 0 && reached > to {
        months - 1
    } else if months < 0 && reached < to {
        months + 1
    } else {
        months
    })
}
