//! `=~`: whether a regular expression matches all of a text.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Value};
use grism_functions::{Operand, computed_rows};
use grism_logical::LogicalExpr;
use regex::Regex;

use super::node::{Kind, Node, OwnExpr, children, evaluate};

/// `text =~ pattern`.
#[derive(Debug)]
pub(super) struct RegexMatch {
    /// The pattern, where it is a constant.
    compiled: Option<Regex>,
}

impl RegexMatch {
    /// `text =~ pattern`, where `source` is the pattern as it was written.
    pub(super) fn node(text: Node, pattern: Node, source: &LogicalExpr) -> Node {
        // A wrong one is an error only where a row reaches it.
        let compiled = match source {
            LogicalExpr::Literal(Value::String(source)) => whole_regex(source).ok(),
            _ => None,
        };
        OwnExpr::node(Self { compiled }, vec![text, pattern], DataType::Boolean)
    }
}

impl Kind for RegexMatch {
    fn name(&self) -> &'static str {
        "=~"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [text, pattern] = children(nodes)?;
        let (text, pattern) = (evaluate(text, batch)?, evaluate(pattern, batch)?);
        let compiled = self.compiled.as_ref();
        regex_match(&text, &pattern, batch.num_rows(), compiled)
    }
}

/// `=~`: whether the expression matches the whole text.
fn regex_match(
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
fn whole_regex(source: &str) -> Result<Regex> {
    Regex::new(&format!("^(?:{source})$")).map_err(|error| {
        Error::invalid_query(format!(
            "the regular expression '{source}' is wrong: {error}"
        ))
    })
}
