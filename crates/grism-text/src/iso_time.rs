//! Days, times and lengths of time as ISO 8601 and Cypher write them, zones in brackets among them.

use arrow::compute::kernels::cast_utils::Parser as _;
use arrow::datatypes::Date32Type;
use grism_core::temporal::{
    DateTime, Duration, LocalDateTime, NANOS_PER_SECOND, Time, Zone, days_from_civil, days_in_month,
};

/// A day and a time of day, and the zone that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// No zone follows.
    Local(LocalDateTime),
    /// An offset, a zone in brackets, or both follow.
    Zoned(DateTime),
}

/// Reads texts such as `2024-01-02T03:04:05`, `2024-01-02 03:04Z` and `2024-01-02T03:04:05.5+01:00[Europe/Berlin]`.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    // The dashes of the day are no signs of an offset.
    let at = text
        .bytes()
        .position(|byte| matches!(byte, b'T' | b't' | b' '))?;
    let days = day(&text[..at])?;
    let (clock, zone) = match text[at + 1..].strip_suffix("UTC") {
        Some(clock) => (clock, "Z"),
        None => split_zone(&text[at + 1..]),
    };
    let local = LocalDateTime {
        days,
        nanos: time_of_day(clock.trim_end())?,
    };
    if zone.is_empty() {
        return Some(Moment::Local(local));
    }
    let (offset, name) = match zone.split_once('[') {
        Some((offset, name)) => (offset, Some(name.strip_suffix(']')?)),
        None => (zone, None),
    };
    let offset = match offset {
        "" => None,
        offset => match Zone::parse(offset).ok()? {
            Zone::Offset(seconds) => Some(seconds),
            Zone::Named(_) => return None,
        },
    };
    let zone = name.map(Zone::parse).transpose().ok()?;
    let time = match (zone, offset) {
        (Some(zone), Some(offset)) => zone.at_offset(local, offset).ok()??,
        (Some(zone), None) => zone.at(local).ok()?,
        (None, offset) => Zone::Offset(offset?).at(local).ok()?,
    };
    Some(Moment::Zoned(time))
}

/// Reads texts such as `03:04:05.5+01:00` and `03:04Z`.
pub(crate) fn offset_time(text: &str) -> Option<Time> {
    let (clock, zone) = split_zone(text);
    let nanos = time_of_day(clock)?;
    match Zone::parse(zone).ok()? {
        Zone::Offset(offset) => Some(Time { nanos, offset }),
        Zone::Named(_) => None,
    }
}

/// Nanoseconds of the day of `03:04`, `03:04:05` and `03:04:05.123456789`.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let hour = two_digits(parts.next()?)?;
    let minute = two_digits(parts.next()?)?;
    let second = parts.next().map(two_digits);
    if parts.next().is_some() || (fraction.is_some() && second.is_none()) {
        return None;
    }
    let second = second.unwrap_or(Some(0))?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = fraction.map_or(Some(0), nanos_of)?;
    Some((hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + nanos)
}

/// Reads texts such as `P1Y2M3DT4H5M6.789S`, `PT-1.5S` and `P2W`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (days, clock) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((days, clock)) => (days, clock),
        None => (&text[1..], ""),
    };
    if days.is_empty() && clock.is_empty() {
        return None;
    }
    let mut whole = [0i64; 4];
    let rest = parts_of(days, &['Y', 'M', 'W', 'D'], &mut whole)?;
    if !rest.is_empty() {
        return None;
    }
    let [years, months, weeks, days] = whole;
    let mut whole = [0i64; 2];
    let rest = parts_of(clock, &['H', 'M'], &mut whole)?;
    let [hours, minutes] = whole.map(i128::from);
    let second = i128::from(NANOS_PER_SECOND);
    let mut nanos = (hours * 3600 + minutes * 60) * second;
    if !rest.is_empty() {
        let seconds = rest.strip_suffix('S')?;
        let (sign, digits) = match seconds.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, seconds),
        };
        let (seconds, fraction) = match digits.split_once('.') {
            Some((seconds, fraction)) => (seconds, nanos_of(fraction)?),
            None => (digits, 0),
        };
        let seconds = i128::from(number(seconds)?);
        nanos += sign * (seconds * second + i128::from(fraction));
    }
    Some(Duration {
        months: years.checked_mul(12)?.checked_add(months)?,
        days: weeks.checked_mul(7)?.checked_add(days)?,
        seconds: i64::try_from(nanos.div_euclid(second)).ok()?,
        nanos: i32::try_from(nanos.rem_euclid(second)).ok()?,
    })
}

/// Takes the numbers of units, in their order, from the beginning of a text; what follows them comes back.
fn parts_of<'a>(text: &'a str, units: &[char], found: &mut [i64]) -> Option<&'a str> {
    let mut rest = text;
    for (unit, found) in units.iter().zip(found) {
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let Some(behind) = digits[length..].strip_prefix(*unit) else {
            continue;
        };
        let count = number(&digits[..length])?;
        *found = match digits.len() < rest.len() {
            true => -count,
            false => count,
        };
        rest = behind;
    }
    Some(rest)
}

/// Days since 1970-01-01. A year of other than four digits has a sign.
fn day(text: &str) -> Option<i64> {
    if text.starts_with(['+', '-']) {
        return Date32Type::parse(text).map(i64::from);
    }
    let [y, _, _, _, b'-', _, _, b'-', ..] = text.as_bytes() else {
        return None;
    };
    if !y.is_ascii_digit() || !text.is_ascii() || text.len() != 10 {
        return None;
    }
    let (year, month) = (number(&text[..4])?, two_digits(&text[5..7])?);
    let day = two_digits(&text[8..])?;
    let fits = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    fits.then(|| days_from_civil(year, month, day))
}

/// The clock, and what stands behind it.
fn split_zone(text: &str) -> (&str, &str) {
    let at = text.find(['Z', 'z', '+', '-', '[']);
    text.split_at(at.unwrap_or(text.len()))
}

fn number(text: &str) -> Option<i64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

fn two_digits(text: &str) -> Option<i64> {
    number(text).filter(|_| text.len() == 2)
}

/// The nanoseconds that the digits of a fraction are; `None` for what is finer than they are.
fn nanos_of(fraction: &str) -> Option<i64> {
    number(fraction.get(..1)?)?;
    let is_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let (first, finer) = fraction.split_at(fraction.len().min(9));
    let is_kept = finer.bytes().all(|byte| byte == b'0');
    let padded = format!("{first:0<9}");
    (is_digits && is_kept).then(|| number(&padded))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_kept_as_they_are_written() {
        for (text, expected) in [
            ("2024-01-02 03:04:05", Some("2024-01-02T03:04:05")),
            (
                "2024-01-02T03:04:05+01:00",
                Some("2024-01-02T03:04:05+01:00"),
            ),
            ("2024-01-02T03:04Z", Some("2024-01-02T03:04Z")),
            ("2024-01-02 03:04:05 UTC", Some("2024-01-02T03:04:05Z")),
            (
                "2024-10-27T02:30+01:00[Europe/Berlin]",
                Some("2024-10-27T02:30+01:00[Europe/Berlin]"),
            ),
            (
                "2024-07-02T03:04:05.50[Europe/Berlin]",
                Some("2024-07-02T03:04:05.5+02:00[Europe/Berlin]"),
            ),
            (
                "+12024-01-02T03:04:05-0530",
                Some("+12024-01-02T03:04:05-05:30"),
            ),
            ("-0044-03-15T03:04", Some("-0044-03-15T03:04")),
            ("2024-07-02T03:04+01:00[Europe/Berlin]", None),
            ("2024-07-02T03:04+02:00[Europe/Berlin", None),
            ("2024-07-02T03:04+02:00[Mars/Olympus]", None),
            ("2024-02-30T03:04", None),
            ("2024-01-02T24:00", None),
            ("2024-01-02T03:04:05.1234567891", None),
            ("2024-01-02", None),
            ("é2024-01-02T", None),
        ] {
            let found = moment(text).map(|found| match found {
                Moment::Local(local) => local.to_string(),
                Moment::Zoned(time) => time.to_string(),
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let times = [
            "03:04:05.5+01:00",
            "03:04Z",
            "03:04",
            "3:04Z",
            "03:04+25:00",
        ];
        let found = times.map(|text| offset_time(text).map(|time| time.to_string()));
        assert_eq!(
            found,
            [
                Some("03:04:05.5+01:00".to_owned()),
                Some("03:04Z".to_owned()),
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn lengths_of_time_are_whole_or_none() {
        for text in [
            "P1Y2M3DT4H5M6.789S",
            "PT-1.5S",
            "P-1D",
            "PT0S",
            "P14M",
            "PT-0.5S",
        ] {
            let found = duration(text).unwrap();
            assert_eq!(duration(&found.to_string()), Some(found), "{text}");
        }
        assert_eq!(duration("P2W").unwrap().days, 14);
        for wrong in [
            "P", "PT", "P1", "1D", "P1D2Y", "PT1.5H", "P1DT", "PT1S2", "Peter", "PT.5S", "PTé",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
