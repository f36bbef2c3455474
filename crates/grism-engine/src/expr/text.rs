//! Functions and predicates of text. Positions and lengths count characters, not bytes.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Int64Array, StringArray, StringBuilder};
use arrow::compute::kernels::comparison::{contains, ends_with, starts_with};
use arrow::datatypes::DataType;
use grism_core::{Error, ErrorKind, Result, Value};
use grism_logical::{BinaryOperator, ScalarFunction as F};
use regex::Regex;

use super::budget::{Budget, Rows};
use super::operand::{Operand, computed_rows, map_rows};

/// STARTS WITH, ENDS WITH and CONTAINS; null where either side is no text.
pub(super) fn text_predicate(
    operator: BinaryOperator,
    left: &Operand,
    right: &Operand,
    rows: usize,
) -> Result<Operand> {
    let inputs = [left, right];
    if left.data_type() != &DataType::Utf8 || right.data_type() != &DataType::Utf8 {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(computed_rows(&inputs, rows))),
        ));
    }
    let flags = match operator {
        BinaryOperator::StartsWith => starts_with(left, right)?,
        BinaryOperator::EndsWith => ends_with(left, right)?,
        _ => contains(left, right)?,
    };
    Ok(Operand::over(&inputs, Arc::new(flags)))
}

/// `=~`: whether the expression matches the whole text.
pub(super) fn regex_match(
    text: &Operand,
    pattern: &Operand,
    rows: usize,
    compiled: Option<&Regex>,
) -> Result<Operand> {
    let inputs = [text, pattern];
    let count = computed_rows(&inputs, rows);
    if text.data_type() != &DataType::Utf8 || pattern.data_type() != &DataType::Utf8 {
        return Ok(Operand::over(
            &inputs,
            Arc::new(BooleanArray::new_null(count)),
        ));
    }
    let (texts, patterns) = (
        text.as_array::<StringArray>()?,
        pattern.as_array::<StringArray>()?,
    );
    let mut last: Option<(String, Regex)> = None;
    let mut flags = Vec::with_capacity(count);
    for row in 0..count {
        let (x, y) = (text.at(row), pattern.at(row));
        if texts.is_null(x) || patterns.is_null(y) {
            flags.push(None);
            continue;
        }
        if let Some(compiled) = compiled {
            flags.push(Some(compiled.is_match(texts.value(x))));
            continue;
        }
        let source = patterns.value(y);
        if last.as_ref().is_none_or(|(own, _)| own != source) {
            last = Some((source.to_owned(), whole_regex(source)?));
        }
        flags.push(
            last.as_ref()
                .map(|(_, regex)| regex.is_match(texts.value(x))),
        );
    }
    Ok(Operand::over(&inputs, Arc::new(BooleanArray::from(flags))))
}

/// A regular expression that must match all of a text.
pub(super) fn whole_regex(source: &str) -> Result<Regex> {
    Regex::new(&format!("^(?:{source})$")).map_err(|error| {
        Error::invalid_query(format!(
            "the regular expression '{source}' is wrong: {error}"
        ))
    })
}

/// The function, where it is one of text.
pub(super) fn text(function: F, arguments: &[Operand], batch: Rows<'_>) -> Result<Option<Operand>> {
    let (rows, budget) = (batch.num_rows(), batch.budget());
    let inputs: Vec<&Operand> = arguments.iter().collect();
    let plain: fn(&str) -> String = match function {
        F::ToUpper => str::to_uppercase,
        F::ToLower => str::to_lowercase,
        F::BTrim if arguments.len() == 2 => {
            let compute = |values: Vec<Value>| match &values[..] {
                [Value::String(text), Value::String(cut)] => Ok(Value::String(
                    text.trim_matches(|own: char| cut.contains(own)).to_owned(),
                )),
                _ => Ok(Value::Null),
            };
            return map_rows(&inputs, rows, &DataType::Utf8, compute).map(Some);
        }
        F::Trim | F::BTrim => |text| text.trim().to_owned(),
        F::LTrim => |text| text.trim_start().to_owned(),
        F::RTrim => |text| text.trim_end().to_owned(),
        F::Reverse if arguments[0].data_type() == &DataType::Utf8 => {
            |text| text.chars().rev().collect()
        }
        F::Size | F::CharLength if arguments[0].data_type() == &DataType::Utf8 => {
            let texts = arguments[0].as_array::<StringArray>()?;
            let lengths: Int64Array = texts
                .iter()
                .map(|text| text.map(|text| text.chars().count() as i64))
                .collect();
            return Ok(Some(Operand::over(&inputs, Arc::new(lengths))));
        }
        F::CharLength => return Ok(Some(arguments[0].cast(&DataType::Int64)?)),
        F::Replace | F::Left | F::Right | F::Substring => {
            let compute = |values: Vec<Value>| part(function, &values, budget);
            return map_rows(&inputs, rows, &DataType::Utf8, compute).map(Some);
        }
        F::Split => {
            let list = grism_core::Type::String.list().to_arrow();
            return map_rows(&inputs, rows, &list, |values| split(&values, budget)).map(Some);
        }
        _ => return Ok(None),
    };
    let texts = arguments[0].cast(&DataType::Utf8)?;
    let texts = texts.as_array::<StringArray>()?;
    let computed = text_column(texts.iter().map(|text| text.map(plain)), budget)?;
    Ok(Some(Operand::over(&inputs, Arc::new(computed))))
}

/// A column of texts.
///
/// # Errors
/// `ResourceExhausted` where they do not fit one column.
pub(super) fn text_column(
    texts: impl Iterator<Item = Option<String>>,
    budget: &Budget,
) -> Result<StringArray> {
    let mut builder = StringBuilder::new();
    let mut total = 0usize;
    for text in texts {
        if let Some(text) = &text {
            total += text.len();
            check_text_length(total)?;
            budget.reserve(text.len())?;
        }
        builder.append_option(text);
    }
    Ok(builder.finish())
}

/// Fails past the bytes that 32-bit offsets reach.
///
/// # Errors
/// `ResourceExhausted`.
pub(super) fn check_text_length(bytes: usize) -> Result<()> {
    if i32::try_from(bytes).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResourceExhausted,
        format!("text of {bytes} bytes: at most {} fit", i32::MAX),
    ))
}

fn part(function: F, values: &[Value], budget: &Budget) -> Result<Value> {
    if values.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let count = |value: &Value| match value {
        Value::Int64(value) => usize::try_from(*value).map_err(|_| {
            Error::invalid_data(format!(
                "{}() needs numbers that are not negative, not {value}",
                function.name()
            ))
        }),
        other => Err(Error::internal(format!("{}() of {other}", function.name()))),
    };
    let Some(Value::String(text)) = values.first() else {
        return Ok(Value::Null);
    };
    let taken = match (function, &values[1..]) {
        (F::Replace, [Value::String(from), Value::String(to)]) => {
            if from.is_empty() {
                text.clone()
            } else {
                let found = text.matches(from.as_str()).count();
                let bytes = text.len() - found * from.len();
                let bytes = bytes.saturating_add(found.saturating_mul(to.len()));
                check_text_length(bytes)?;
                budget.reserve(bytes)?;
                text.replace(from.as_str(), to)
            }
        }
        (F::Left, [length]) => text.chars().take(count(length)?).collect(),
        (F::Right, [length]) => {
            let all = text.chars().count();
            text.chars()
                .skip(all.saturating_sub(count(length)?))
                .collect()
        }
        (F::Substring, [start]) => text.chars().skip(count(start)?).collect(),
        (F::Substring, [start, length]) => text
            .chars()
            .skip(count(start)?)
            .take(count(length)?)
            .collect(),
        _ => {
            return Err(Error::internal(format!(
                "{}() with odd arguments",
                function.name()
            )));
        }
    };
    Ok(Value::String(taken))
}

/// What a piece of a text costs beside its bytes.
const PIECE_BYTES: usize = 64;

fn split(values: &[Value], budget: &Budget) -> Result<Value> {
    Ok(match values {
        [Value::String(text), Value::String(separator)] => {
            let count = match separator.is_empty() {
                true => text.len(),
                false => text.matches(separator.as_str()).count() + 1,
            };
            budget.reserve(text.len().saturating_add(count.saturating_mul(PIECE_BYTES)))?;
            let pieces: Vec<Value> = if separator.is_empty() {
                text.chars()
                    .map(|character| Value::String(character.to_string()))
                    .collect()
            } else {
                text.split(separator.as_str())
                    .map(|piece| Value::String(piece.to_owned()))
                    .collect()
            };
            Value::List(pieces)
        }
        _ => Value::Null,
    })
}
