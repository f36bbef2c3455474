//! The time of commits.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

/// Milliseconds since 1970, in UTC.
pub(crate) fn now() -> i64 {
    DateTime::<Utc>::from(SystemTime::now()).timestamp_millis()
}
