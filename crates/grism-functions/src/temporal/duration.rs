//! Durations: from maps, from text, and from parts with fractions.

use grism_core::temporal::{Duration, NANOS_PER_SECOND, SECONDS_PER_DAY, SECONDS_PER_MONTH};
use grism_core::{Error, Result, Value};

use super::parse::{parse_date, parse_time};
use super::{F, wrong};

/// `duration(value)`.
pub(super) fn construct(value: &Value) -> Result<Value> {
    let unreadable = |text: &str| {
        Error::invalid_query(format!("`duration()` cannot read '{text}'"))
            .with_code("ArgumentError:InvalidArgumentValue")
    };
    match value {
        Value::Duration(_) => Ok(value.clone()),
        Value::String(text) => {
            let parsed = parse(text).ok_or_else(|| unreadable(text))?;
            Ok(Value::Duration(parsed))
        }
        Value::Map(fields) => {
            let mut sum = Sum::default();
            for (name, amount) in fields {
                let amount = match amount {
                    Value::Int64(amount) => Amount::Whole(*amount),
                    Value::Float64(amount) => Amount::Real(*amount),
                    other => return Err(wrong(F::Duration, other)),
                };
                if !sum.add(name, amount) {
                    return Err(Error::invalid_query(format!(
                        "`duration()` has no field `{name}`"
                    ))
                    .with_code("ArgumentError:InvalidArgumentValue"));
                }
            }
            sum.finish().map(Value::Duration)
        }
        other => Err(wrong(F::Duration, other)),
    }
}

/// An amount of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Whole(i64),
    Real(f64),
}

/// The parts of a duration while they are added up; fractions of a unit go to the next smaller one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) months: i128,
    pub(super) days: i128,
    pub(super) nanos: i128,
}

impl Sum {
    /// Adds an amount of a unit; false for an unknown unit.
    pub(super) fn add(&mut self, unit: &str, amount: Amount) -> bool {
        match unit {
            "years" => self.months(amount, 12),
            "quarters" => self.months(amount, 3),
            "months" => self.months(amount, 1),
            "weeks" => self.days(amount, 7),
            "days" => self.days(amount, 1),
            "hours" => self.nanos(amount, 3600 * NANOS_PER_SECOND),
            "minutes" => self.nanos(amount, 60 * NANOS_PER_SECOND),
            "seconds" => self.nanos(amount, NANOS_PER_SECOND),
            "milliseconds" => self.nanos(amount, 1_000_000),
            "microseconds" => self.nanos(amount, 1000),
            "nanoseconds" => self.nanos(amount, 1),
            _ => return false,
        }
        true
    }

    pub(super) fn months(&mut self, amount: Amount, unit: i64) {
        match amount {
            Amount::Whole(amount) => self.months += i128::from(amount) * i128::from(unit),
            Amount::Real(amount) => {
                let months = amount * unit as f64;
                self.months += months.trunc() as i128;
                // A month has no fixed number of days: the mean is taken.
                let seconds = months.fract() * SECONDS_PER_MONTH as f64;
                self.days(Amount::Real(seconds / SECONDS_PER_DAY as f64), 1);
            }
        }
    }

    pub(super) fn days(&mut self, amount: Amount, unit: i64) {
        match amount {
            Amount::Whole(amount) => self.days += i128::from(amount) * i128::from(unit),
            Amount::Real(amount) => {
                let days = amount * unit as f64;
                self.days += days.trunc() as i128;
                self.nanos(
                    Amount::Real(days.fract() * SECONDS_PER_DAY as f64),
                    NANOS_PER_SECOND,
                );
            }
        }
    }

    pub(super) fn nanos(&mut self, amount: Amount, unit: i64) {
        match amount {
            Amount::Whole(amount) => self.nanos += i128::from(amount) * i128::from(unit),
            Amount::Real(amount) => {
                // Whole units exactly, the rest rounded to what a float tells apart.
                self.nanos += amount.trunc() as i128 * i128::from(unit);
                self.nanos += (amount.fract() * unit as f64).round() as i128;
            }
        }
    }

    /// The duration.
    ///
    /// # Errors
    /// `InvalidData` where a part is out of range.
    pub(super) fn finish(self) -> Result<Duration> {
        let second = i128::from(NANOS_PER_SECOND);
        let part = |value: i128| {
            i64::try_from(value).map_err(|_| Error::invalid_data("a duration is out of range"))
        };
        Ok(Duration {
            months: part(self.months)?,
            days: part(self.days)?,
            seconds: part(self.nanos.div_euclid(second))?,
            nanos: self.nanos.rem_euclid(second) as i32,
        })
    }
}

impl From<Duration> for Sum {
    fn from(value: Duration) -> Self {
        Self {
            months: i128::from(value.months),
            days: i128::from(value.days),
            nanos: i128::from(value.seconds) * i128::from(NANOS_PER_SECOND)
                + i128::from(value.nanos),
        }
    }
}

/// `P1Y2M3W4DT5H6M7.8S`, or `P2012-02-02T14:37:21.545`.
fn parse(text: &str) -> Option<Duration> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let body = body.strip_prefix('P')?;
    let mut sum = Sum::default();
    let (date, time) = match body.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (body, None),
    };
    if date.len() == 10 && date.as_bytes().get(4) == Some(&b'-') {
        parse_date(date)?;
        for (unit, part) in ["years", "months", "days"].into_iter().zip(date.split('-')) {
            sum.add(unit, Amount::Whole(part.parse().ok()?));
        }
        sum.nanos += i128::from(parse_time(time?)?);
        return sum.finish().ok();
    }
    let mut units = 0;
    let dates = [
        ('Y', "years"),
        ('M', "months"),
        ('W', "weeks"),
        ('D', "days"),
    ];
    let times = [('H', "hours"), ('M', "minutes"), ('S', "seconds")];
    for (part, names) in [(date, &dates[..]), (time.unwrap_or(""), &times[..])] {
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
            let unit = rest[end..].chars().next()?;
            let name = names.iter().find(|(own, _)| *own == unit)?.1;
            let digits = rest[..end].replace(',', ".");
            let sign = if negative { -1 } else { 1 };
            match digits.parse::<i64>() {
                Ok(whole) => sum.add(name, Amount::Whole(sign * whole)),
                Err(_) => sum.add(
                    name,
                    Amount::Real(sign as f64 * digits.parse::<f64>().ok()?),
                ),
            };
            units += 1;
            rest = &rest[end + 1..];
        }
    }
    if units == 0 {
        return None;
    }
    sum.finish().ok()
}
