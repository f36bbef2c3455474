//! Parameters from the command line: JSON, or else text.

use std::collections::btree_map::Entry;

use grism::{Error, Parameters, Result, Value};
use grism_text::parse_json;
use serde::de::IgnoredAny;

use crate::arguments::pair;

/// Parameters from NAME=VALUE pairs.
///
/// # Errors
/// `InvalidQuery` where there is no value, for a parameter that is given twice, for an object that has a name twice, and for a
/// number that 64 bits do not hold as it is written.
pub(crate) fn parameters(given: &[String]) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for parameter in given {
        let (name, text) = pair(parameter, "a parameter: write NAME=VALUE")?;
        check_depth(&name, &text)?;
        let value = if serde_json::from_str::<IgnoredAny>(&text).is_ok() {
            check_numbers(&text)?;
            let json = parse_json(text.as_bytes()).and_then(|json| json.to_value());
            json.map_err(|error| Error::invalid_query(format!("the parameter `{name}`: {error}")))?
        } else {
            Value::String(text)
        };
        match parameters.entry(name) {
            Entry::Vacant(entry) => entry.insert(value),
            Entry::Occupied(entry) => {
                let message = format!("the parameter `{}` is given twice", entry.key());
                return Err(Error::invalid_query(message));
            }
        };
    }
    Ok(parameters)
}

/// The most levels of lists and maps that the reader of JSON follows.
const MOST_LEVELS: usize = 127;

/// Refuses JSON that is nested deeper than its reader follows, which would be taken as a text otherwise.
fn check_depth(name: &str, text: &str) -> Result<()> {
    if !text.trim_start().starts_with(['[', '{']) {
        return Ok(());
    }
    let (mut levels, mut in_text, mut is_escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => levels += 1,
            b']' | b'}' if !in_text => levels = levels.saturating_sub(1),
            _ => {}
        }
        if levels > MOST_LEVELS {
            return Err(Error::invalid_query(format!(
                "the parameter `{name}` is nested deeper than {MOST_LEVELS} levels"
            )));
        }
    }
    Ok(())
}

/// Checks every number of a JSON text by its digits: a reader of JSON has rounded them already.
fn check_numbers(text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let rest = &bytes[at..];
                let is_part =
                    |own: &u8| matches!(own, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let length = rest.iter().take_while(|own| is_part(own)).count();
                check_number(&text[at..at + length])?;
                at += length;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

/// The most digits that a 64-bit float tells apart.
const FLOAT_DIGITS: usize = 17;

fn check_number(text: &str) -> Result<()> {
    if !text.contains(['.', 'e', 'E']) {
        return match text.parse::<i64>() {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::invalid_query(format!(
                "the integer {text} does not fit into 64 bits"
            ))),
        };
    }
    let float: f64 = text.parse().map_err(|_| not_held(text))?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return Ok(());
    }
    let is_held = float.is_finite() && digits.len() <= FLOAT_DIGITS && {
        let shown = format!("{:.*e}", digits.len() - 1, float.abs());
        let shown = shown.split('e').next().unwrap_or_default();
        shown
            .chars()
            .filter(char::is_ascii_digit)
            .eq(digits.chars())
    };
    if is_held { Ok(()) } else { Err(not_held(text)) }
}

fn not_held(text: &str) -> Error {
    Error::invalid_query(format!(
        "the number {text} is no 64-bit float as it is written; round it, or pass it as a text in quotes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(text: &str) -> Result<Value> {
        let mut all = parameters(&[format!("p={text}")])?;
        Ok(all.remove("p").unwrap_or(Value::Null))
    }

    #[test]
    fn deep_parameters_are_values_or_refused_and_never_texts() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(matches!(parameter(&nested(127)), Ok(Value::List(_))));
        let error = parameter(&nested(128)).unwrap_err().to_string();
        assert!(error.contains("deeper than 127 levels"), "{error}");
        let brackets = format!("[\"{}\\\"{}\"]", "[".repeat(200), "{".repeat(200));
        assert!(matches!(parameter(&brackets), Ok(Value::List(_))));
        let text = "(".repeat(300);
        assert_eq!(parameter(&text).unwrap(), Value::String(text));
    }
}
