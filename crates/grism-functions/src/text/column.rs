//! Columns of texts, built under a budget.

use std::sync::Arc;

use arrow::array::{StringArray, StringBuilder};
use arrow::datatypes::DataType;
use grism_core::{Error, ErrorKind, Result};

use crate::{Budget, Call, Operand};

/// `compute` of each text of the first argument.
///
/// # Errors
/// `ResourceExhausted` where the texts do not fit one column.
pub(crate) fn each_text(call: &Call<'_>, compute: impl Fn(&str) -> String) -> Result<Operand> {
    let texts = call.argument(0)?.cast(&DataType::Utf8)?;
    let texts = texts.as_array::<StringArray>()?;
    let computed = text_column(texts.iter().map(|text| text.map(&compute)), call.budget)?;
    Ok(Operand::over(&call.inputs(), Arc::new(computed)))
}

/// A column of texts.
///
/// # Errors
/// `ResourceExhausted` where they do not fit one column.
fn text_column(
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
pub fn check_text_length(bytes: usize) -> Result<()> {
    if i32::try_from(bytes).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResourceExhausted,
        format!("text of {bytes} bytes: at most {} fit", i32::MAX),
    ))
}
