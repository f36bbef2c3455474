//! The text of temporal values, in ISO 8601.

use std::fmt;

use super::{DateTime, Duration, LocalDateTime, NANOS_PER_SECOND, Time, civil_from_days};

/// Writes a day.
pub(crate) fn write_date(f: &mut fmt::Formatter<'_>, days: i64) -> fmt::Result {
    let (year, month, day) = civil_from_days(days);
    match year {
        0..=9999 => write!(f, "{year:04}")?,
        ..0 => write!(f, "-{:04}", -year)?,
        _ => write!(f, "+{year}")?,
    }
    write!(f, "-{month:02}-{day:02}")
}

/// Writes a time of day; seconds and their fraction are left out where they are zero.
pub(crate) fn write_time(f: &mut fmt::Formatter<'_>, nanos: i64) -> fmt::Result {
    let (seconds, fraction) = (nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND);
    write!(f, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
    if seconds % 60 == 0 && fraction == 0 {
        return Ok(());
    }
    write!(f, ":{:02}", seconds % 60)?;
    write_fraction(f, fraction)
}

fn write_fraction(f: &mut fmt::Formatter<'_>, nanos: i64) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let digits = format!("{nanos:09}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: i32) -> fmt::Result {
    if offset == 0 {
        return f.write_str("Z");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    write!(f, "{sign}{:02}:{:02}", size / 3600, size / 60 % 60)?;
    if !size.is_multiple_of(60) {
        write!(f, ":{:02}", size % 60)?;
    }
    Ok(())
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_time(f, self.nanos)?;
        write_offset(f, self.offset)
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_date(f, self.days)?;
        f.write_str("T")?;
        write_time(f, self.nanos)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.local.fmt(f)?;
        write_offset(f, self.offset)?;
        match &self.zone {
            Some(zone) => write!(f, "[{zone}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        let (years, months) = (self.months / 12, self.months % 12);
        for (count, unit) in [(years, 'Y'), (months, 'M'), (self.days, 'D')] {
            if count != 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        if self.seconds == 0 && self.nanos == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        // A negative length is written with one sign, so the parts are taken of the whole.
        let whole =
            i128::from(self.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos);
        let second = i128::from(NANOS_PER_SECOND);
        let (hours, minutes) = (whole / (3600 * second), whole / (60 * second) % 60);
        for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
            if count != 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        let rest = whole % (60 * second);
        if rest != 0 {
            if rest < 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", rest.abs() / second)?;
            write_fraction(f, (rest.abs() % second) as i64)?;
            f.write_str("S")?;
        }
        Ok(())
    }
}
