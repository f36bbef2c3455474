//! Members in the texts of a column.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListBuilder, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use grism_core::Result;

/// The texts of a column as lists of what stands between separators; a column of anything else as it is. Null and a text
/// without members are empty lists.
///
/// # Errors
/// Those of Arrow.
pub(in crate::import) fn split_cells(column: &ArrayRef, separator: &str) -> Result<ArrayRef> {
    if !is_text(column.data_type()) {
        return Ok(Arc::clone(column));
    }
    let texts = cast(column, &DataType::Utf8)?;
    let mut lists = ListBuilder::new(StringBuilder::new());
    for cell in texts.as_string::<i32>() {
        for piece in cell.map(|cell| pieces(cell, separator)).unwrap_or_default() {
            lists.values().append_value(piece);
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// The pieces of a cell without the blanks around them; empty ones are left out. A piece in quotes may hold the separator,
/// and a quote written twice.
fn pieces<'a>(cell: &'a str, separator: &str) -> Vec<Cow<'a, str>> {
    let mut pieces = Vec::new();
    let mut rest = Some(cell);
    while let Some(text) = rest {
        if let Some((piece, behind)) = quoted_piece(text.trim_start(), separator) {
            pieces.push(Cow::Owned(piece));
            rest = behind;
            continue;
        }
        let (piece, behind) = match text.split_once(separator) {
            Some((piece, behind)) => (piece, Some(behind)),
            None => (text, None),
        };
        let piece = piece.trim();
        if !piece.is_empty() {
            pieces.push(Cow::Borrowed(piece));
        }
        rest = behind;
    }
    pieces
}

/// A piece in quotes that `text` begins with, and what follows its separator; `None` where there is no such piece.
fn quoted_piece<'a>(text: &'a str, separator: &str) -> Option<(String, Option<&'a str>)> {
    let mut rest = text.strip_prefix('"')?;
    let mut piece = String::new();
    loop {
        let (before, behind) = rest.split_once('"')?;
        piece.push_str(before);
        if let Some(within) = behind.strip_prefix('"') {
            piece.push('"');
            rest = within;
            continue;
        }
        if behind.trim().is_empty() {
            return Some((piece, None));
        }
        let next = behind.strip_prefix(separator);
        let next = next.or_else(|| behind.trim_start().strip_prefix(separator));
        return next.map(|next| (piece, Some(next)));
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn cells_are_split_at_separators_outside_of_quotes() {
        for (cell, separator, expected) in [
            ("", ";", &[][..]),
            ("  ", ";", &[]),
            ("a", ";", &["a"]),
            ("a;b ; c", ";", &["a", "b", "c"]),
            (";a;;b;", ";", &["a", "b"]),
            ("a; b", "; ", &["a", "b"]),
            ("a||b|c", "||", &["a", "b|c"]),
            ("\"Doe; J\";Roe", ";", &["Doe; J", "Roe"]),
            ("Roe; \"Doe;\"\" J\" ", ";", &["Roe", "Doe;\" J"]),
            // No piece in quotes, since it does not end with one.
            ("\"a\" b;c", ";", &["\"a\" b", "c"]),
            ("12\";b", ";", &["12\"", "b"]),
            ("\"a;b", ";", &["\"a", "b"]),
            ("a\tb", "\t", &["a", "b"]),
        ] {
            assert_eq!(pieces(cell, separator), expected, "{cell} at {separator}");
        }
    }
}
