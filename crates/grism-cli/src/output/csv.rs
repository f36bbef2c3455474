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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_nothing_and_an_empty_text_is_quoted() {
        assert_eq!(csv_field(Value::Null), "");
        assert_eq!(csv_field(Value::String(String::new())), "\"\"");
        let fields = [Value::Int64(1), Value::Null, Value::Bool(true)];
        assert_eq!(csv_line(fields.into_iter().map(csv_field)), "1,,true\n");
    }

    #[test]
    fn texts_are_quoted_where_they_would_be_read_as_something_else() {
        let field = |text: &str| csv_field(Value::String(text.to_owned()));
        assert_eq!(field("plain text"), "plain text");
        assert_eq!(field("a,b"), "\"a,b\"");
        assert_eq!(field("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(field("two\nlines"), "\"two\nlines\"");
        assert_eq!(field("carriage\rreturn"), "\"carriage\rreturn\"");
        assert_eq!(field(" padded"), "\" padded\"");
        assert_eq!(field("padded "), "\"padded \"");
    }

    #[test]
    fn what_is_nested_is_json() {
        let list = Value::List(vec![
            Value::Int64(1),
            Value::String("a".to_owned()),
            Value::Null,
        ]);
        assert_eq!(csv_field(list), "\"[1,\"\"a\"\",null]\"");
        assert_eq!(csv_field(Value::List(vec![Value::Int64(1)])), "[1]");
    }
}
