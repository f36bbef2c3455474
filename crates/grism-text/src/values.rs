//! Values from the texts that stand for them in CSV and JSON files: as they are, or not at all.

use arrow::compute::kernels::cast_utils::{Parser as _, string_to_time_nanoseconds};
use arrow::datatypes::Date32Type;
use grism_core::temporal::DateTime;
use grism_core::{Type, Value};

use crate::iso_time::{Moment, moment};
use crate::json::parse_json;

/// The significant digits that a 64-bit float always keeps.
const EXACT_DIGITS: usize = 15;

/// A 64-bit integer.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return std::str::from_utf8(text).ok()?.trim().parse().ok();
    }
    let number = digits
        .iter()
        .fold(0i64, |number, digit| number * 10 + i64::from(digit - b'0'));
    Some(if negative { -number } else { number })
}

/// A 64-bit float, or the word for one that is no number; `None` for a number past the range of floats, on either side.
pub(crate) fn float(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = text.parse().ok()?;
    if number.is_finite() && number != 0.0 {
        return Some(number);
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let has_digit = mantissa.bytes().any(|byte| byte.is_ascii_digit());
    let vanishes = number == 0.0 && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    (!vanishes && (number.is_finite() || !has_digit)).then_some(number)
}

/// A float that is no number, by one of the words that are never anything else.
pub(crate) fn float_word(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"inf" | b"Infinity" => Some(f64::INFINITY),
        b"-inf" | b"-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Whether a float is the integer itself.
pub(crate) fn is_exact(integer: i64) -> bool {
    (integer as f64) as i128 == i128::from(integer)
}

/// Whether `number`, which was read from `text`, is what the text says: `text` is the number rounded to as many digits, or the
/// shortest text that reads as the number.
pub(crate) fn keeps_digits(text: &str, number: f64) -> bool {
    // Most numbers are so short that nothing needs to be counted.
    if text.len() <= EXACT_DIGITS {
        return true;
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits = |text: &str| -> String {
        let digits = text.chars().filter(char::is_ascii_digit);
        digits.skip_while(|digit| *digit == '0').collect()
    };
    let wanted = digits(mantissa);
    let shortest = wanted.trim_end_matches('0');
    if shortest.len() <= EXACT_DIGITS {
        return true;
    }
    let digits_of = |printed: &str| digits(printed.split('e').next().unwrap_or(printed));
    // Next to a power of two the two may differ.
    digits_of(&format!("{number:.*e}", wanted.len() - 1)) == wanted
        || digits_of(&format!("{number:e}")).trim_end_matches('0') == shortest
}

/// Whether a text is a fraction that a float would round.
pub(crate) fn loses_digits(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if text.len() <= EXACT_DIGITS || digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| Some((text, float(text)?)))
        .is_some_and(|(text, number)| number.is_finite() && !keeps_digits(text, number))
}

/// Whether a text of digits begins with a zero that a number would not have.
#[must_use]
pub fn is_code(text: &[u8]) -> bool {
    matches!(text, [b'0', next, ..] | [b'-', b'0', next, ..] if next.is_ascii_digit())
}

/// Whether a text that is no integer is a float. A long row of digits is a number that a float would not keep.
pub(crate) fn is_float(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    float_word(text.as_bytes()).is_some() || (has_digit && !is_plain && float(text).is_some())
}

/// Whether a text is a number, and no code.
#[must_use]
pub fn is_number(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_float = || std::str::from_utf8(text).is_ok_and(is_float);
    !is_code(text) && (integer(text).is_some() || is_float())
}

/// True or false, in any case.
pub(crate) fn bool_of(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The value of the type that a text stands for; `None` where it stands for none of them.
///
/// ```
/// use grism_core::{Type, Value};
/// use grism_text::value_of;
///
/// assert_eq!(value_of("42", &Type::Int64), Some(Value::Int64(42)));
/// assert_eq!(value_of("2024-02-30", &Type::Date), None);
/// ```
#[must_use]
pub fn value_of(text: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::String => return Some(Value::String(text.to_owned())),
        // Integers and floats side by side.
        Type::Any => {
            let number = integer(text.as_bytes()).map(Value::Int64);
            return number.or_else(|| float(text).map(Value::Float64));
        }
        Type::Int64 => return integer(text.as_bytes()).map(Value::Int64),
        Type::Float64 => return float(text).map(Value::Float64),
        Type::Bool => return bool_of(text).map(Value::Bool),
        Type::Vector(dimensions) => return vector(text, *dimensions),
        // Lists stand in a cell as in JSON.
        Type::List(_) => return parse_json(text.as_bytes()).ok()?.to_typed(ty),
        _ => {}
    }
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    match ty {
        Type::Date if text.len() > 10 && !text.starts_with(['+', '-']) => match moment(text)? {
            Moment::Local(time) if time.nanos == 0 => Some(Value::Date(time.days)),
            _ => None,
        },
        Type::Date => Date32Type::parse(text).map(|days| Value::Date(i64::from(days))),
        Type::LocalTime if keeps_fraction(text) => {
            let nanos = string_to_time_nanoseconds(text).ok()?;
            Some(Value::LocalTime(nanos))
        }
        Type::LocalDateTime => match moment(text)? {
            Moment::Local(time) => Some(Value::LocalDateTime(time)),
            Moment::Zoned(_) => None,
        },
        // A time without a zone is one of UTC.
        Type::DateTime => Some(Value::DateTime(Box::new(match moment(text)? {
            Moment::Zoned(time) => time,
            Moment::Local(local) => DateTime {
                local,
                offset: 0,
                zone: None,
            },
        }))),
        _ => None,
    }
}

/// Whether a text has no digits past nanoseconds.
fn keeps_fraction(text: &str) -> bool {
    let Some((_, fraction)) = text.split_once('.') else {
        return true;
    };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    !digits.skip(9).any(|digit| digit != b'0')
}

/// Texts such as `[0.1, 2, -3e4]` or `0.1;2;-3e4`.
fn vector(text: &str, dimensions: u32) -> Option<Value> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let numbers = inner.split([',', ';']).map(|number| {
        let number = number.trim().parse::<f32>().ok()?;
        number
            .is_finite()
            .then(|| Value::Float64(f64::from(number)))
    });
    let numbers: Vec<Value> = numbers.collect::<Option<_>>()?;
    (numbers.len() == dimensions as usize).then_some(Value::List(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_past_their_range_are_none() {
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer(b"9223372036854775808"), None);
        assert_eq!(float("1e400"), None);
        assert_eq!(float("-1e-400"), None);
        assert_eq!(float("0e-400"), Some(0.0));
        assert_eq!(float("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(!is_exact((1 << 53) + 1) && is_exact(1 << 60) && !is_exact(i64::MAX));
    }

    #[test]
    fn digits_that_a_float_does_not_keep_are_told() {
        for (text, kept) in [
            ("0.1", true),
            ("1234567.000000000000000000", true),
            ("0.1000000000000000055511151231257827", true),
            ("0.10000000000000000123", false),
            ("2.2250738585072014e-308", true),
            ("3.14159265358979323846", false),
            ("1234567890123456.7", false),
            // What Python writes for 2^-44, which is not the number rounded to 16 digits.
            ("5.684341886080802e-14", true),
        ] {
            assert_eq!(keeps_digits(text, text.parse().unwrap()), kept, "{text}");
        }
    }

    #[test]
    fn times_are_whole_or_none() {
        let found = |text: &str, ty: &Type| value_of(text, ty).map(|value| value.to_string());
        let local = Type::LocalDateTime;
        assert_eq!(
            found("2024-01-02 03:04:05", &local).unwrap(),
            "2024-01-02T03:04:05"
        );
        assert_eq!(
            found("9999-12-31T23:59:59", &local).unwrap(),
            "9999-12-31T23:59:59"
        );
        assert_eq!(found("2024-01-02T03:04:05+01:00", &local), None);
        assert_eq!(found("2024-01-02T03:04:05.1234567891", &local), None);
        assert_eq!(found("2024-01-02T03:04:05", &Type::Date), None);
        assert_eq!(
            found("2024-01-02T00:00:00", &Type::Date).unwrap(),
            "2024-01-02"
        );
        assert_eq!(found("25", &Type::LocalTime), None);
        assert_eq!(
            found("2024-01-02T03:04:05+01:00", &Type::DateTime).unwrap(),
            "2024-01-02T03:04:05+01:00"
        );
    }
}
