//! The narrowest type that the texts of a column have, told one by one.

use grism_core::Type;

use crate::time_format::TimeFormats;
use crate::values::{bool_of, integer, is_code, is_exact, is_float, value_of};

/// What the texts of a column may still be after those that were seen.
#[derive(Clone, Copy, Debug)]
pub struct TextTypes {
    integer: bool,
    float: bool,
    bool: bool,
    date: bool,
    time: bool,
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
            any: false,
            long: false,
        }
    }
}

impl TextTypes {
    /// Takes note of one text that is not null.
    pub fn add(&mut self, bytes: &[u8], formats: &TimeFormats) {
        self.any = true;
        if !(self.integer || self.float || self.bool || self.date || self.time) {
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
        let is_of = |ty: &Type, length: bool| match formats.of(ty) {
            Some(format) => format.value_of(trimmed, ty).is_some(),
            None => length && value_of(trimmed, ty).is_some(),
        };
        self.date = self.date && is_of(&Type::Date, trimmed.len() == 10);
        self.time = self.time && is_of(&Type::LocalDateTime, trimmed.len() >= 16);
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
            any: true,
            long: false,
        }
    }

    /// The type; that of any values where integers stand beside fractions that no float is.
    #[must_use]
    pub fn ty(&self, formats: &TimeFormats) -> Type {
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
        types.ty(&formats)
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
        ] {
            assert_eq!(told(texts), expected, "{texts:?}");
        }
    }
}
