//! JSON text as values whose numbers are still text, so that none is bent before its type is known.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use grism_core::{Type, Value};

use crate::values::{float, float_word, integer, is_exact, keeps_digits, value_of};

/// How deep values may stand within each other.
const MOST_LEVELS: usize = 200;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it stands, or a word for NaN or an infinity.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object; no two of its names are the same.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Reads the value that a text is.
///
/// # Errors
/// What is wrong with the text.
pub fn parse_json(text: &[u8]) -> Result<Json<'_>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
    let mut parser = Parser {
        text,
        at: 0,
        level: 0,
    };
    parser.skip_spaces();
    let value = parser.value()?;
    parser.skip_spaces();
    if parser.at < text.len() {
        return Err("there is more text behind the value".to_owned());
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    level: usize,
}

impl<'a> Parser<'a> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.text[self.at..].chars().next() {
            Some(found) => format!("{wanted} was expected, and `{found}` found"),
            None => format!("{wanted} was expected, and the text ends"),
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.next() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Json<'a>, String> {
        for (word, value) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            // Written by Python's json and others, though JSON has none of them.
            ("NaN", Json::Number("NaN")),
            ("Infinity", Json::Number("Infinity")),
            ("-Infinity", Json::Number("-Infinity")),
        ] {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        match self.next() {
            Some(b'"') => Ok(Json::Text(self.text_value()?)),
            Some(b'{' | b'[') => {
                self.level += 1;
                if self.level > MOST_LEVELS {
                    return Err(format!("a value nests more than {MOST_LEVELS} levels deep"));
                }
                let value = if self.next() == Some(b'{') {
                    self.map()
                } else {
                    self.list()
                };
                self.level -= 1;
                value
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.next(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Json<'a>, String> {
        let start = self.at;
        self.take(b'-');
        let first = self.at;
        let count = self.digits();
        let leads = count > 1 && self.text.as_bytes()[first] == b'0';
        let mut is_whole = count > 0 && !leads;
        if self.take(b'.') {
            is_whole &= self.digits() > 0;
        }
        if matches!(self.next(), Some(b'e' | b'E')) {
            self.at += 1;
            let _sign = self.take(b'+') || self.take(b'-');
            is_whole &= self.digits() > 0;
        }
        let text = &self.text[start..self.at];
        if is_whole {
            Ok(Json::Number(text))
        } else {
            Err(format!("`{text}` is no number"))
        }
    }

    fn text_value(&mut self) -> Result<Cow<'a, str>, String> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let end = |at: usize| {
            let ends = |byte: &u8| matches!(byte, b'"' | b'\\') || *byte < 0x20;
            bytes[at..].iter().position(ends).map(|found| at + found)
        };
        let closed = "a text is opened and not closed";
        let mut at = end(start).ok_or(closed)?;
        if bytes[at] == b'"' {
            self.at = at + 1;
            return Ok(Cow::Borrowed(&self.text[start..at]));
        }
        let mut whole = self.text[start..at].to_owned();
        loop {
            match bytes[at] {
                b'"' => break,
                b'\\' => {
                    self.at = at + 1;
                    whole.push(self.escaped()?);
                    at = self.at;
                }
                _ => return Err("a text holds a control character".to_owned()),
            }
            let next = end(at).ok_or(closed)?;
            whole.push_str(&self.text[at..next]);
            at = next;
        }
        self.at = at + 1;
        Ok(Cow::Owned(whole))
    }

    /// The character that stands behind a backslash.
    fn escaped(&mut self) -> Result<char, String> {
        let byte = self.next().ok_or("a text is opened and not closed")?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let wrong = || "a text holds half of a character".to_owned();
                let high = self.hex()?;
                if !(0xD800..0xE000).contains(&high) {
                    return char::from_u32(high).ok_or_else(wrong);
                }
                if high >= 0xDC00 || !(self.take(b'\\') && self.take(b'u')) {
                    return Err(wrong());
                }
                let low = self.hex()?;
                if !(0xDC00..0xE000).contains(&low) {
                    return Err(wrong());
                }
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                char::from_u32(code).ok_or_else(wrong)?
            }
            _ => return Err("a text holds a backslash that escapes nothing".to_owned()),
        })
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        code.ok_or_else(|| "`\\u` wants four hexadecimal digits".to_owned())
    }

    fn list(&mut self) -> Result<Json<'a>, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            self.skip_spaces();
            items.push(self.value()?);
            self.skip_spaces();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn map(&mut self) -> Result<Json<'a>, String> {
        self.at += 1;
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        self.skip_spaces();
        if self.take(b'}') {
            return Ok(Json::Map(entries));
        }
        loop {
            self.skip_spaces();
            if self.next() != Some(b'"') {
                return Err(self.unexpected("a name in quotes"));
            }
            let name = self.text_value()?;
            self.skip_spaces();
            if !self.take(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.skip_spaces();
            let value = self.value()?;
            entries.push((name, value));
            self.skip_spaces();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        let mut names = HashSet::with_capacity(entries.len());
        if let Some((name, _)) = entries.iter().find(|(name, _)| !names.insert(name)) {
            return Err(format!("the name `{name}` stands twice in one object"));
        }
        Ok(Json::Map(entries))
    }
}

impl Json<'_> {
    /// What it is, for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => (*text).to_owned(),
            Self::Text(text) => format!("'{text}'"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "an object".to_owned(),
        }
    }

    /// The value, each number exactly as it stands.
    ///
    /// # Errors
    /// The number that no value is.
    pub fn to_value(&self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(text) => number(text)?,
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(items) => {
                Value::List(items.iter().map(Self::to_value).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(name, value)| Ok((name.clone().into_owned(), value.to_value()?)))
                    .collect::<Result<BTreeMap<_, _>, String>>()?,
            ),
        })
    }

    /// The value as one of a type that was asked for; `None` where it is of another type.
    pub(crate) fn to_typed(&self, ty: &Type) -> Option<Value> {
        match (self, ty) {
            (Self::Null, _) => Some(Value::Null),
            (Self::Number(_) | Self::Text(_), Type::List(_)) => None,
            (Self::Number(text), _) => value_of(text, ty),
            (Self::Text(text), _) => value_of(text, ty),
            (Self::Bool(value), Type::Bool) => Some(Value::Bool(*value)),
            (Self::Bool(value), Type::String) => Some(Value::String(value.to_string())),
            (Self::List(items), Type::Vector(dimensions)) => {
                let numbers = items.iter().map(|item| match item {
                    Self::Number(text) => {
                        let number = float(text)? as f32;
                        number
                            .is_finite()
                            .then(|| Value::Float64(f64::from(number)))
                    }
                    _ => None,
                });
                let numbers: Vec<Value> = numbers.collect::<Option<_>>()?;
                (numbers.len() == *dimensions as usize).then_some(Value::List(numbers))
            }
            (Self::List(items), Type::List(item)) => {
                let items = items.iter().map(|own| own.to_typed(item));
                Some(Value::List(items.collect::<Option<_>>()?))
            }
            _ => None,
        }
    }
}

/// A number as an integer or a float.
fn number(text: &str) -> Result<Value, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return match integer(text.as_bytes()) {
            Some(number) => Ok(Value::Int64(number)),
            None => Err(format!(
                "{text} is past the integers of 64 bits; give the column the type string or float"
            )),
        };
    }
    match float(text) {
        Some(number) if !number.is_finite() || keeps_digits(text, number) => {
            Ok(Value::Float64(number))
        }
        Some(_) => Err(format!(
            "{text} has more digits than a Float64 keeps; give the column the type string, or float to round it"
        )),
        None => Err(format!(
            "{text} is out of the range of Float64; give the column the type string"
        )),
    }
}

/// The value as one of a type that was told from such values; `None` where the type is another one.
pub(super) fn fitted(value: Value, ty: &Type) -> Option<Value> {
    Some(match (value, ty) {
        (Value::Null, _) => Value::Null,
        (value, Type::Any) => value,
        (value @ Value::Bool(_), Type::Bool)
        | (value @ Value::Int64(_), Type::Int64)
        | (value @ Value::Float64(_), Type::Float64)
        | (value @ Value::String(_), Type::String) => value,
        (Value::Int64(number), Type::Float64) if is_exact(number) => Value::Float64(number as f64),
        (Value::String(text), Type::Float64) => Value::Float64(float_word(text.as_bytes())?),
        (Value::List(items), Type::List(item)) => {
            let items = items.into_iter().map(|own| fitted(own, item));
            Value::List(items.collect::<Option<_>>()?)
        }
        (Value::Map(entries), Type::Map(fields)) => {
            if entries.len() != fields.len() {
                return None;
            }
            let mut fitting = BTreeMap::new();
            for (name, own) in entries {
                let ty = fields.iter().find(|(field, _)| *field == name);
                let own = fitted(own, &ty?.1)?;
                fitting.insert(name, own);
            }
            Value::Map(fitting)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        parse_json(text.as_bytes())?.to_value()
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let text =
            r#" {"a": [1, -2.5e1, true, null], "b\u00e9\ud83d\ude00": {"c": "x\\\n"}, "d": []} "#;
        assert_eq!(
            value(&text.replace("\\n", "\\u000a")).unwrap().to_string(),
            "{a: [1, -25.0, true, null], bé😀: {c: 'x\\\\\n'}, d: []}"
        );
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let limit = "9223372036854775807";
        assert_eq!(value(limit), Ok(Value::Int64(i64::MAX)));
        assert!(
            value("[9223372036854775808]")
                .unwrap_err()
                .contains("64 bits")
        );
        assert!(
            value("0.12345678901234567890123")
                .unwrap_err()
                .contains("digits")
        );
        assert!(value("{\"x\": 1e999}").unwrap_err().contains("range"));
        assert_eq!(value("-Infinity"), Ok(Value::Float64(f64::NEG_INFINITY)));
        assert_eq!(
            parse_json(b"9223372036854775808")
                .unwrap()
                .to_typed(&Type::String),
            Some(Value::String("9223372036854775808".to_owned()))
        );
    }

    #[test]
    fn broken_text_is_named() {
        for (text, message) in [
            ("{\"a\":", "a value was expected, and the text ends"),
            ("{\"a\" 1}", "`:` was expected, and `1` found"),
            ("{\"a\": 01}", "`01` is no number"),
            ("{\"a\": 1} 2", "more text"),
            ("{\"a\": 1, \"a\": 2}", "stands twice"),
            ("[\"\\ud83d\"]", "half of a character"),
            ("[\"x", "not closed"),
            ("{a: 1}", "a name in quotes"),
        ] {
            let error = value(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(value(&deep).unwrap_err().contains("levels"));
    }
}
