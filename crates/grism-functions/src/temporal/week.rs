//! Weeks of ISO 8601.

use grism_core::temporal::{days_from_civil, week_date};

/// A day by its year of weeks, its week from 1 and its day of the week from Monday, 1, in days since 1970-01-01.
pub(super) fn day_in_week(year: i64, week: i64, day: i64) -> i64 {
    first_week(year) + (week - 1) * 7 + day - 1
}

/// The Monday of the first ISO week of a year, in days since 1970-01-01.
pub(super) fn first_week(year: i64) -> i64 {
    let fourth = days_from_civil(year, 1, 4);
    let (_, _, day_of_week) = week_date(fourth);
    fourth - day_of_week + 1
}
