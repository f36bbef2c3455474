//! The proleptic Gregorian calendar and ISO weeks, for any year.

/// Seconds of a day.
pub const SECONDS_PER_DAY: i64 = 86_400;
/// Nanoseconds of a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day.
pub const NANOS_PER_DAY: i64 = SECONDS_PER_DAY * NANOS_PER_SECOND;

/// Days since 1970-01-01 of a day of the calendar.
///
/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*.
#[must_use]
pub const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of the day that lies `days` after 1970-01-01.
///
/// Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*.
#[must_use]
pub const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// Whether the year has 366 days.
#[must_use]
pub const fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, which counts from 1.
#[must_use]
pub const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Week-based year, week and day of the week (Monday is 1) of ISO 8601.
#[must_use]
pub const fn week_date(days: i64) -> (i64, i64, i64) {
    let day_of_week = (days + 3).rem_euclid(7) + 1;
    // The week belongs to the year that its Thursday lies in.
    let thursday = days + 4 - day_of_week;
    let (year, _, _) = civil_from_days(thursday);
    let week = (thursday - days_from_civil(year, 1, 1)) / 7 + 1;
    (year, week, day_of_week)
}

/// Weeks of a week-based year of ISO 8601: 52 or 53.
#[must_use]
pub const fn weeks_in_year(year: i64) -> i64 {
    // The last week of a year is the one that 28 December lies in.
    let (_, week, _) = week_date(days_from_civil(year, 12, 28));
    week
}

/// Days of a quarter, which counts from 1.
#[must_use]
pub const fn days_in_quarter(year: i64, quarter: i64) -> i64 {
    let first = quarter * 3 - 2;
    days_in_month(year, first) + days_in_month(year, first + 1) + days_in_month(year, first + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse_over_many_years() {
        for days in (-800_000_000..800_000_000).step_by(99_991) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!(day <= days_in_month(year, month));
        }
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        assert_eq!(week_date(days_from_civil(1816, 12, 30)), (1817, 1, 1));
        assert_eq!(week_date(days_from_civil(1819, 1, 3)), (1818, 53, 7));
        assert_eq!(week_date(days_from_civil(1970, 1, 1)), (1970, 1, 4));
    }

    #[test]
    fn years_and_quarters_have_the_lengths_of_the_calendar() {
        let long = [2004, 2009, 2015, 2020, 2026, 2032];
        for year in 2001..2036 {
            assert_eq!(
                weeks_in_year(year),
                52 + i64::from(long.contains(&year)),
                "{year}"
            );
        }
        assert_eq!(days_in_quarter(2023, 1), 90);
        assert_eq!(days_in_quarter(2024, 1), 91);
        assert_eq!(days_in_quarter(2024, 2), 91);
        assert_eq!(days_in_quarter(2024, 4), 92);
    }
}
