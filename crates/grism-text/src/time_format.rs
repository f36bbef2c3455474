//! How dates and times are written where their column's type does not say it.

use std::fmt;
use std::sync::Arc;

use chrono::format::{Item, StrftimeItems};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use grism_core::temporal::{DateTime, LocalDateTime};
use grism_core::{Error, Result, Type, Value};

use crate::iso_time::{duration, offset_time};

/// How a date or a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// In the signs of `strftime`, as `%d.%m.%Y`.
    Signs(Arc<str>),
    /// As ISO 8601 has times of day with an offset. No column has their type: they are values of any type.
    OffsetTime,
    /// As ISO 8601 has lengths of time. These too are values of any type.
    Duration,
}

/// How the dates and times of a file are written; `None` is ISO 8601.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeFormats {
    /// Dates.
    pub date: Option<TimeFormat>,
    /// Dates with times of day.
    pub timestamp: Option<TimeFormat>,
}

/// The type that a caller names for a column, and how its dates and times are written.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnType {
    /// The type.
    pub ty: Type,
    /// How its values are written; `None` is as those of the file.
    pub format: Option<TimeFormat>,
}

impl TimeFormat {
    /// The format that `text` says.
    ///
    /// # Errors
    /// `InvalidQuery` for a sign that `strftime` does not have, or for a text without any.
    pub fn new(text: &str) -> Result<Self> {
        let items = || StrftimeItems::new(text);
        if items().any(|item| matches!(item, Item::Error)) {
            return Err(Error::invalid_query(format!(
                "'{text}' is no form of dates: signs such as %Y, %m, %d, %H, %M, %S and %z are known"
            )));
        }
        if !items().any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(_))) {
            return Err(Error::invalid_query(format!(
                "the form of dates '{text}' has no sign such as %Y"
            )));
        }
        Ok(Self(Form::Signs(text.into())))
    }

    /// Times of day with an offset, as values of any type.
    #[must_use]
    pub fn offset_time() -> Self {
        Self(Form::OffsetTime)
    }

    /// Lengths of time, as values of any type.
    #[must_use]
    pub fn duration() -> Self {
        Self(Form::Duration)
    }

    /// The value of the type that a text in this form stands for; `None` where it stands for none.
    #[must_use]
    pub fn value_of(&self, text: &str, ty: &Type) -> Option<Value> {
        let text = text.trim();
        let format = match &self.0 {
            Form::Signs(format) => &**format,
            Form::OffsetTime => return offset_time(text).map(Value::Time),
            Form::Duration => return duration(text).map(Value::Duration),
        };
        match ty {
            Type::Date => {
                let date = NaiveDate::parse_from_str(text, format).ok()?;
                let days = date.signed_duration_since(NaiveDate::default()).num_days();
                Some(Value::Date(days))
            }
            Type::LocalTime => {
                let time = NaiveTime::parse_from_str(text, format).ok()?;
                let nanos = i64::from(time.nanosecond());
                let seconds = i64::from(time.num_seconds_from_midnight());
                (nanos < NANOS).then_some(Value::LocalTime(seconds * NANOS + nanos))
            }
            Type::LocalDateTime => {
                let time = NaiveDateTime::parse_from_str(text, format).ok()?;
                local(time).map(Value::LocalDateTime)
            }
            // A time without a zone is one of UTC.
            Type::DateTime => {
                let zoned = chrono::DateTime::parse_from_str(text, format);
                let time = match zoned {
                    Ok(zoned) => zoned.naive_utc(),
                    Err(_) => NaiveDateTime::parse_from_str(text, format).ok()?,
                };
                let local = local(time)?;
                Some(Value::DateTime(Box::new(DateTime {
                    local,
                    offset: 0,
                    zone: None,
                })))
            }
            _ => None,
        }
    }
}

const NANOS: i64 = 1_000_000_000;

/// `None` for a leap second, which is told as more nanoseconds than a second has.
fn local(time: NaiveDateTime) -> Option<LocalDateTime> {
    let nanos = i64::from(time.nanosecond());
    (nanos < NANOS).then(|| LocalDateTime::from_seconds(time.and_utc().timestamp(), nanos))
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Form::Signs(format) => format,
            Form::OffsetTime => "hh:mm:ss+hh:mm",
            Form::Duration => "PnYnMnDTnHnMnS",
        })
    }
}

impl TimeFormats {
    /// How the values of a column of the type are written.
    #[must_use]
    pub fn of(&self, ty: &Type) -> Option<&TimeFormat> {
        match ty {
            Type::Date => self.date.as_ref(),
            Type::LocalDateTime | Type::DateTime => self.timestamp.as_ref(),
            _ => None,
        }
    }
}

impl ColumnType {
    /// The type that `text` names, with the form of its values behind it: `date %d.%m.%Y`.
    ///
    /// # Errors
    /// `Unsupported` for another type; `InvalidQuery` for a form with an unknown sign, or one of a type without dates and times.
    pub fn from_text(text: &str) -> Result<Self> {
        let text = text.trim();
        let format = match text.to_ascii_lowercase().replace([' ', '_'], "").as_str() {
            "duration" => Some(TimeFormat::duration()),
            "time" | "zonedtime" | "offsettime" => Some(TimeFormat::offset_time()),
            _ => None,
        };
        if format.is_some() {
            let ty = Type::Any;
            return Ok(Self { ty, format });
        }
        let cut = text
            .find('%')
            .and_then(|at| text[..at].find(char::is_whitespace));
        let Some(cut) = cut else {
            return Ok(Self::from(Type::from_name(text)?));
        };
        let ty = Type::from_name(&text[..cut])?;
        let is_time = matches!(
            ty,
            Type::Date | Type::LocalTime | Type::LocalDateTime | Type::DateTime
        );
        if !is_time {
            return Err(Error::invalid_query(format!(
                "'{text}': dates and times have a form, and {ty} has none"
            )));
        }
        let format = TimeFormat::new(text[cut..].trim())?;
        Ok(Self {
            ty,
            format: Some(format),
        })
    }
}

impl fmt::Display for ColumnType {
    /// As [`Self::from_text`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.format {
            None => self.ty.fmt(f),
            Some(TimeFormat(Form::OffsetTime)) => f.write_str("Time"),
            Some(TimeFormat(Form::Duration)) => f.write_str("Duration"),
            Some(format) => write!(f, "{} {format}", self.ty),
        }
    }
}

impl From<Type> for ColumnType {
    fn from(ty: Type) -> Self {
        Self { ty, format: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_form() {
        for (given, text, expected) in [
            ("date %d.%m.%Y", "03.02.2024", Some("2024-02-03")),
            ("date %d.%m.%Y", " 3.2.2024 ", Some("2024-02-03")),
            ("date %d.%m.%Y", "30.02.2024", None),
            ("date %d.%m.%Y", "2024-02-03", None),
            ("Date %b %d, %Y", "Feb 03, 2024", Some("2024-02-03")),
            (
                "localdatetime %d/%m/%Y %H:%M",
                "03/02/2024 14:05",
                Some("2024-02-03T14:05"),
            ),
            (
                "datetime %Y-%m-%d %H:%M:%S %z",
                "2024-02-03 14:05:00 +0200",
                Some("2024-02-03T12:05Z"),
            ),
            ("localtime %H.%M", "14.05", Some("14:05")),
            ("Duration", "P1DT2H", Some("P1DT2H")),
            ("duration", "1 day", None),
            ("zoned time", "14:05+02:00", Some("14:05+02:00")),
            ("time", "14:05", None),
        ] {
            let column = ColumnType::from_text(given).unwrap();
            assert_eq!(ColumnType::from_text(&column.to_string()).unwrap(), column);
            let value = column.format.unwrap().value_of(text, &column.ty);
            let shown = value.map(|value| value.to_string());
            assert_eq!(shown.as_deref(), expected, "{given}: {text}");
        }
        assert_eq!(ColumnType::from_text("int").unwrap(), Type::Int64.into());
        for wrong in ["int %d", "date %Q", "date 1%"] {
            assert!(ColumnType::from_text(wrong).is_err(), "{wrong}");
        }
    }
}
