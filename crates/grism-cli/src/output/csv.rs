//! Comma-separated values: null is nothing, an empty text is quoted, and what is nested is JSON.

use grism::Value;
use grism_text::push_json;

/// A line of fields.
pub(super) fn csv_line(fields: impl Iterator<Item = String>) -> String {
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// A value as a field.
pub(super) fn csv_field(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::List(_)
        | Value::Map(_)
        | Value::Node(_)
        | Value::Hyperedge(_)
        | Value::Incidence(_)
        | Value::Path(_) => quoted(json_text(value)),
        other => quoted(other.to_string()),
    }
}

fn json_text(value: Value) -> String {
    let mut text = Vec::new();
    push_json(&mut text, value);
    String::from_utf8_lossy(&text).into_owned()
}

/// A text as a field, in quotes where it would be read as something else without them.
pub(super) fn quoted(text: String) -> String {
    let is_bare = !text.is_empty()
        && !text.contains([',', '"', '\n', '\r'])
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if is_bare {
        return text;
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}
