//! Temporal values: their parts, their order and their text.

mod calendar;
mod text;
mod zone;

pub(crate) use text::{write_date, write_time};

pub use calendar::{
    NANOS_PER_DAY, NANOS_PER_SECOND, SECONDS_PER_DAY, civil_from_days, days_from_civil,
    days_in_month, days_in_quarter, is_leap_year, week_date, weeks_in_year,
};
pub use zone::Zone;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// The mean length of a month of the Gregorian calendar, in seconds: durations are ordered by it.
pub const SECONDS_PER_MONTH: i64 = 2_629_746;

/// A time of day with an offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Time {
    /// Nanoseconds since midnight, as the clock there shows.
    pub nanos: i64,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Time {
    /// Nanoseconds since midnight in UTC; may be negative or past a day.
    #[must_use]
    pub fn utc_nanos(&self) -> i64 {
        self.nanos - i64::from(self.offset) * NANOS_PER_SECOND
    }
}

/// A day and a time of day, without zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalDateTime {
    /// Days since 1970-01-01.
    pub days: i64,
    /// Nanoseconds since midnight, less than a day.
    pub nanos: i64,
}

impl LocalDateTime {
    /// From seconds since 1970-01-01T00:00 and nanoseconds.
    #[must_use]
    pub fn from_seconds(seconds: i64, nanos: i64) -> Self {
        Self {
            days: seconds.div_euclid(SECONDS_PER_DAY),
            nanos: seconds.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND + nanos,
        }
    }

    /// From nanoseconds since 1970-01-01T00:00.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Self {
        Self {
            days: nanos.div_euclid(NANOS_PER_DAY),
            nanos: nanos.rem_euclid(NANOS_PER_DAY),
        }
    }

    /// Nanoseconds since 1970-01-01T00:00, or `None` outside the years 1677 to 2262.
    #[must_use]
    pub fn to_nanos(&self) -> Option<i64> {
        i64::try_from(i128::from(self.days) * i128::from(NANOS_PER_DAY) + i128::from(self.nanos))
            .ok()
    }

    /// Whole seconds since 1970-01-01T00:00; what is left is in `nanos % 1e9`.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.days
            .saturating_mul(SECONDS_PER_DAY)
            .saturating_add(self.nanos / NANOS_PER_SECOND)
    }

    /// The same clock `seconds` later.
    #[must_use]
    pub fn plus_seconds(&self, seconds: i64) -> Self {
        let total = self.nanos / NANOS_PER_SECOND + seconds;
        Self {
            days: self.days + total.div_euclid(SECONDS_PER_DAY),
            nanos: total.rem_euclid(SECONDS_PER_DAY) * NANOS_PER_SECOND
                + self.nanos % NANOS_PER_SECOND,
        }
    }
}

/// An instant, as the clocks of a zone or of an offset show it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateTime {
    /// What the clocks there show.
    pub local: LocalDateTime,
    /// Seconds east of UTC at that instant.
    pub offset: i32,
    /// The zone's name, such as `Europe/Stockholm`; `None` for a plain offset.
    pub zone: Option<String>,
}

impl DateTime {
    /// The instant, as clocks in UTC show it.
    #[must_use]
    pub fn utc(&self) -> LocalDateTime {
        self.local.plus_seconds(-i64::from(self.offset))
    }
}

/// A length of time in four parts that do not convert into each other: a month has no fixed number of days, nor a day
/// of seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Duration {
    /// Months.
    pub months: i64,
    /// Days.
    pub days: i64,
    /// Seconds, rounded towards negative infinity.
    pub seconds: i64,
    /// Nanoseconds to add to the seconds, 0 to 999,999,999.
    pub nanos: i32,
}

impl Duration {
    /// A length of time that is told in seconds and nanoseconds: whole days are days, of the sign of what is left.
    #[must_use]
    pub fn of_length(seconds: i64, nanos: i64) -> Self {
        let length = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(nanos);
        let (days, rest) = (
            length / i128::from(NANOS_PER_DAY),
            (length % i128::from(NANOS_PER_DAY)) as i64,
        );
        Self {
            months: 0,
            days: days as i64,
            seconds: rest.div_euclid(NANOS_PER_SECOND),
            nanos: rest.rem_euclid(NANOS_PER_SECOND) as i32,
        }
    }

    /// About how long it is, in nanoseconds: what durations are ordered by.
    #[must_use]
    pub fn estimate(&self) -> i128 {
        let seconds = i128::from(self.months) * i128::from(SECONDS_PER_MONTH)
            + i128::from(self.days) * i128::from(SECONDS_PER_DAY)
            + i128::from(self.seconds);
        seconds * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.utc_nanos(), self.offset).cmp(&(other.utc_nanos(), other.offset))
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.utc(), self.offset, &self.zone).cmp(&(other.utc(), other.offset, &other.zone))
    }
}
