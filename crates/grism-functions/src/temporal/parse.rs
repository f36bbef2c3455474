//! Dates and times from text, in the forms of ISO 8601.

use grism_core::temporal::{
    NANOS_PER_SECOND, Zone, days_from_civil, days_in_month, is_leap_year, weeks_in_year,
};
use grism_core::{Error, Result};

use super::week::day_in_week;
use super::{F, Parts};

/// The parts of a text that `function` reads.
pub(super) fn parse(function: F, text: &str) -> Result<Parts> {
    let wrong = || {
        let name = function.name();
        Error::invalid_query(format!("`{name}()` cannot read '{text}'"))
            .with_code("ArgumentError:InvalidArgumentValue")
    };
    let trimmed = text.trim();
    let has_date = !matches!(function, F::LocalTime | F::Time);
    let (date, time) = match trimmed.split_once('T') {
        Some((date, time)) if has_date => (Some(date), Some(time)),
        Some(("", time)) => (None, Some(time)),
        Some(_) => return Err(wrong()),
        None if has_date => (Some(trimmed), None),
        None => (None, Some(trimmed)),
    };
    if function == F::Date && time.is_some() {
        return Err(wrong());
    }
    let mut parts = Parts::default();
    if let Some(date) = date {
        parts.days = Some(parse_date(date).ok_or_else(wrong)?);
    }
    if let Some(time) = time {
        let (clock, zone) = split_zone(time);
        parts.nanos = Some(parse_time(clock).ok_or_else(wrong)?);
        if !zone.is_empty() && matches!(function, F::LocalTime | F::LocalDateTime) {
            return Err(wrong());
        }
        (parts.zone, parts.offset) = parse_zone(zone)?;
    }
    if let (F::DateTime, Some(zone), Some(offset)) = (function, &parts.zone, parts.offset)
        && zone.at_offset(parts.local(), offset)?.is_none()
    {
        return Err(Error::invalid_query(format!(
            "`datetime()` cannot read '{text}': the clocks of the zone have another offset then; write the zone alone, or the \
             offset alone"
        ))
        .with_code("ArgumentError:InvalidArgumentValue"));
    }
    Ok(parts)
}

/// The clock, and what stands behind it: an offset, a zone in brackets, or both.
fn split_zone(text: &str) -> (&str, &str) {
    let at = text.find(['Z', 'z', '+', '-', '[']).unwrap_or(text.len());
    text.split_at(at)
}

/// The zone, and the offset that stands beside its name.
fn parse_zone(text: &str) -> Result<(Option<Zone>, Option<i32>)> {
    let (offset, name) = match text.split_once('[') {
        Some((offset, name)) => (offset, Some(name.trim_end_matches(']'))),
        None => (text, None),
    };
    let offset = match offset {
        "" => None,
        offset => Some(Zone::parse(offset)?),
    };
    Ok(match (name, offset) {
        (None, offset) => (offset, None),
        (Some(name), Some(Zone::Offset(offset))) => (Some(Zone::parse(name)?), Some(offset)),
        (Some(name), _) => (Some(Zone::parse(name)?), None),
    })
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `2015-07-21`, `20150721`, `2015-07`, `201507`, `2015-W30-2`, `2015W302`, `2015-W30`, `2015-202`, `2015202`, `2015`.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    // A signed year may be longer than four digits, and ends at its dash.
    let year_length = if digits.len() < text.len() {
        digits.find('-').unwrap_or(digits.len())
    } else {
        4
    };
    let year = sign * number(digits.get(..year_length)?)?;
    if !(-999_999_999..=999_999_999).contains(&year) {
        return None;
    }
    let rest = digits.get(year_length..)?;
    if rest.is_empty() {
        return Some(days_from_civil(year, 1, 1));
    }
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    if let Some(week) = rest.strip_prefix(['W', 'w']) {
        let number_of = number(week.get(..2)?)?;
        let day = match week.get(2..)? {
            "" => 1,
            day => number(day.strip_prefix('-').unwrap_or(day))?,
        };
        let fits = (1..=weeks_in_year(year)).contains(&number_of) && (1..=7).contains(&day);
        return fits.then(|| day_in_week(year, number_of, day));
    }
    if let Some((month, day)) = rest.split_once('-') {
        let fits = month.len() == 2 && day.len() == 2;
        return civil(year, number(month)?, number(day)?).filter(|_| fits);
    }
    match rest.len() {
        2 => civil(year, number(rest)?, 1),
        3 => {
            let day = number(rest)?;
            let most = 365 + i64::from(is_leap_year(year));
            (1..=most)
                .contains(&day)
                .then(|| days_from_civil(year, 1, 1) + day - 1)
        }
        4 => civil(year, number(rest.get(..2)?)?, number(rest.get(2..)?)?),
        _ => None,
    }
}

fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let fits = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    fits.then(|| days_from_civil(year, month, day))
}

/// `21:40:32.142`, `214032.142`, `21:40`, `2140`, `21`: nanoseconds of the day.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once(['.', ',']) {
        Some((_, "")) => return None,
        Some((clock, fraction)) => (clock, fraction),
        None => (text, ""),
    };
    if clock.contains(':') && !clock.split(':').all(|part| part.len() == 2) {
        return None;
    }
    let digits: String = clock.chars().filter(|letter| *letter != ':').collect();
    if !digits.len().is_multiple_of(2) || digits.len() > 6 || digits.is_empty() {
        return None;
    }
    // Only seconds have a fraction.
    if !fraction.is_empty() && digits.len() < 6 {
        return None;
    }
    let part = |place: usize| match digits.get(place..place + 2) {
        Some(part) => number(part),
        None => Some(0),
    };
    let (hour, minute, second) = (part(0)?, part(2)?, part(4)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut nanos = 0;
    if !fraction.is_empty() {
        // What is finer than a nanosecond is cut, but must be digits as well.
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let padded = format!("{fraction:0<9}");
        nanos = number(padded.get(..9)?)?;
    }
    Some((hour * 3600 + minute * 60 + second) * NANOS_PER_SECOND + nanos)
}

#[cfg(test)]
mod tests {
    use grism_core::Value;

    use super::super::construct::construct;
    use super::*;

    #[test]
    fn a_day_that_the_calendar_does_not_have_is_refused() {
        for text in [
            "2021-W53",
            "2022W537",
            "2023-366",
            "2023366",
            "2023-02-29",
            "2023-00-10",
            "2023-13-01",
            "2023-W00",
            "2023-W10-8",
            "2023-1-23",
            "2023-W10--2",
            "+9999999999-01-01",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_date("2020-W53-7"), parse_date("2021-01-03"));
        assert_eq!(parse_date("2024-366"), parse_date("2024-12-31"));
        assert_eq!(parse_date("20240229"), parse_date("2024-02-29"));
    }

    #[test]
    fn a_time_that_the_clock_does_not_have_is_refused() {
        for text in [
            "24:00",
            "12:60",
            "12:00:60",
            "1:2:30",
            "12:00:00.5x",
            "10:00:00.",
            "10:00.5",
            "10.5",
            "",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_time("214032.142"), parse_time("21:40:32.142"));
    }

    #[test]
    fn an_offset_beside_a_zone_tells_which_hour_it_is_or_is_refused() {
        let read = |text: &str| construct(F::DateTime, &Value::String(text.to_owned()));
        for both in [
            "2024-10-27T02:30:00+02:00[Europe/Berlin]",
            "2024-10-27T02:30:00+01:00[Europe/Berlin]",
            "2024-10-27T01:30:00Z[Etc/UTC]",
        ] {
            let value = read(both).unwrap();
            assert_eq!(construct(F::DateTime, &value).unwrap(), value, "{both}");
            assert_eq!(read(&value.to_string()).unwrap(), value, "{both}");
        }
        for wrong in [
            "2024-07-01T02:30+01:00[Europe/Berlin]",
            "2024-03-31T02:30+01:00[Europe/Berlin]",
            "2024-07-01T00:00Z[+01:00]",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_holds_no_more_than_the_value_does() {
        for (function, text) in [
            (F::Date, "2024-01-01T00:00"),
            (F::LocalTime, "2024-01-01T10:00"),
            (F::LocalTime, "10:00+01:00"),
            (F::LocalDateTime, "2024-01-01T10:00Z"),
            (F::Time, "10:00+01:60"),
            (F::Time, "10:00+1:00"),
            (F::Time, "10:00+18:30"),
        ] {
            assert!(parse(function, text).is_err(), "{text}");
        }
        assert!(parse(F::Time, "T10:00-17:59").is_ok());
        assert!(parse(F::DateTime, "2024-01-01T10:00+01").is_ok());
    }
}
