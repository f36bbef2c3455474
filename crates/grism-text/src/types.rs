//! The narrowest type that the texts of a column have, told one by one.

use grism_core::Type;

use crate::iso_time::{Moment, duration, moment, offset_time, time_of_day};
use crate::time_format::{ColumnType, TimeFormat, TimeFormats};
use crate::values::{bool_of, integer, is_code, is_exact, is_float, value_of};

/// What the texts of a column may still be after those that were seen.
#[derive(Clone, Copy, Debug)]
pub struct TextTypes {
    integer: bool,
    float: bool,
    bool: bool,
    date: bool,
    /// A day with a time of day.
    time: bool,
    /// A day with a time of day and a zone.
    zoned: bool,
    /// A time of day.
    clock: bool,
    /// A time of day with an offset.
    offset: bool,
    duration: bool,
    /// Whether there was any text.
    any: bool,
    /// Whether there was an integer that no float is.
    long: bool,
}

impl Default for TextTypes {
    fn default() -> Self {
        Self {
            integer: true,
            float: true,
            bool: true,
            date: true,
            time: true,
            zoned: true,
            clock: true,
            offset: true,
            duration: true,
            any: false,
            long: false,
        }
    }
}

impl TextTypes {
    /// Takes note of one text that is not null.
    pub fn add(&mut self, bytes: &[u8], formats: &TimeFormats) {
        self.any = true;
        if !(self.integer || self.float || self.bool || self.date || self.is_timed()) {
            return;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            *self = Self::text();
            return;
        };
        let trimmed = text.trim();
        if self.float {
            match integer(trimmed.as_bytes()) {
                _ if is_code(trimmed.as_bytes()) || trimmed.starts_with('+') => {
                    (self.integer, self.float) = (false, false);
                }
                Some(number) => self.long |= !is_exact(number),
                None => {
                    self.integer = false;
                    self.float = is_float(trimmed);
                }
            }
        }
        self.bool = self.bool && bool_of(trimmed).is_some();
        let is_of = |ty: &Type, format: &TimeFormat| format.value_of(trimmed, ty).is_some();
        self.date = self.date
            && match &formats.date {
                Some(format) => is_of(&Type::Date, format),
                None => trimmed.len() == 10 && value_of(trimmed, &Type::Date).is_some(),
            };
        if self.is_timed() {
            self.add_time(trimmed, formats, is_of);
        }
    }

    /// Whether all texts may be times or lengths of time.
    fn is_timed(&self) -> bool {
        self.time || self.zoned || self.clock || self.offset || self.duration
    }

    /// Takes note of a text that may be a time.
    fn add_time(
        &mut self,
        text: &str,
        formats: &TimeFormats,
        is_of: impl Fn(&Type, &TimeFormat) -> bool,
    ) {
        let moment = (self.time || self.zoned).then(|| moment(text)).flatten();
        self.time = self.time
            && match &formats.timestamp {
                Some(format) => is_of(&Type::LocalDateTime, format),
                None => matches!(moment, Some(Moment::Local(_))),
            };
        self.zoned =
            self.zoned && formats.timestamp.is_none() && matches!(moment, Some(Moment::Zoned(_)));
        // Hours and minutes alone may be anything.
        self.clock = self.clock && text.len() >= "00:00:00".len() && time_of_day(text).is_some();
        self.offset = self.offset && offset_time(text).is_some();
        // A code that looks like a length of time stays as it is.
        self.duration = self.duration && duration(text).is_some_and(|own| own.to_string() == text);
    }

    /// Whether there was any text.
    #[must_use]
    pub fn has_texts(&self) -> bool {
        self.any
    }

    /// A column of texts that are nothing else.
    fn text() -> Self {
        Self {
            integer: false,
            float: false,
            bool: false,
            date: false,
            time: false,
            zoned: false,
            clock: false,
            offset: false,
            duration: false,
            any: true,
            long: false,
        }
    }

    /// The type, and how its values are written. It is that of any values for times with an offset, for lengths of time, and
    /// where integers stand beside fractions that no float is.
    #[must_use]
    pub fn column_type(&self, formats: &TimeFormats) -> ColumnType {
        let format = match self {
            Self { any: false, .. } => None,
            Self { offset: true, .. } => Some(TimeFormat::offset_time()),
            Self { duration: true, .. } => Some(TimeFormat::duration()),
            _ => None,
        };
        if format.is_some() {
            let ty = Type::Any;
            return ColumnType { ty, format };
        }
        let ty = self.ty(formats);
        let format = formats.of(&ty).cloned();
        ColumnType { ty, format }
    }

    /// The type, where it is that of a column.
    fn ty(&self, formats: &TimeFormats) -> Type {
        match self {
            Self { any: false, .. } => Type::String,
            // A form that a caller names is what the digits of a date are in, not those of a number.
            Self { date: true, .. } if formats.date.is_some() => Type::Date,
            Self { time: true, .. } if formats.timestamp.is_some() => Type::LocalDateTime,
            Self { integer: true, .. } => Type::Int64,
            Self {
                float: true, long, ..
            } if *long => Type::Any,
            Self { float: true, .. } => Type::Float64,
            Self { bool: true, .. } => Type::Bool,
            Self { date: true, .. } => Type::Date,
            Self { time: true, .. } => Type::LocalDateTime,
            Self { zoned: true, .. } => Type::DateTime,
            Self { clock: true, .. } => Type::LocalTime,
            _ => Type::String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[&str]) -> Type {
        let mut types = TextTypes::default();
        let formats = TimeFormats::default();
        texts
            .iter()
            .for_each(|text| types.add(text.as_bytes(), &formats));
        let ColumnType { ty, format } = types.column_type(&formats);
        assert_eq!(
            format.is_some(),
            ty == Type::Any && integer(texts[0].as_bytes()).is_none()
        );
        ty
    }

    #[test]
    fn the_narrowest_type_is_told() {
        for (texts, expected) in [
            (&[][..], Type::String),
            (&["1", "-2", " 3"], Type::Int64),
            (&["1", "2.5", "NaN", "-inf"], Type::Float64),
            (&["NaN"], Type::Float64),
            (&["Nan"], Type::String),
            (&["9007199254740993", "0.5"], Type::Any),
            (&["9007199254740993", "5"], Type::Int64),
            (&["12345678901234567890", "1"], Type::String),
            (&["1", "1e999"], Type::String),
            (&["007", "1"], Type::String),
            (&["+4912345", "1"], Type::String),
            (&["true", "FALSE"], Type::Bool),
            (&["2024-01-02"], Type::Date),
            (&["2024-01-02", "2024-13-02"], Type::String),
            (
                &["2024-01-02T03:04", "9999-01-02 03:04:05"],
                Type::LocalDateTime,
            ),
            (&["1", "x"], Type::String),
            (
                &[
                    "2024-01-02T03:04Z",
                    "2024-01-02 03:04:05+01:00[Europe/Berlin]",
                ],
                Type::DateTime,
            ),
            (&["2024-01-02T03:04Z", "2024-01-02T03:04"], Type::String),
            (&["03:04:05", "23:59:59.25"], Type::LocalTime),
            (&["03:04", "23:59"], Type::String),
            (&["03:04Z", "23:59:59+01:00"], Type::Any),
            (&["P1DT2H", "PT-1.5S"], Type::Any),
            (&["P01D"], Type::String),
        ] {
            assert_eq!(told(texts), expected, "{texts:?}");
        }
    }
}
