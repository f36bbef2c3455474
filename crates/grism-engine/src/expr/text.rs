//! Predicates of text.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, StringArray};
use arrow::compute::kernels::comparison::{contains, ends_with, starts_with};
use arrow::datatypes::DataType;
use grism_core::{Error, Result};
use grism_functions::{Operand, computed_rows};
use grism_logical::BinaryOperator;
use regex::Regex;

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
