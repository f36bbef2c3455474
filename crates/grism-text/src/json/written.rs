//! Values as JSON text.

use grism_core::Value;

/// Adds a value to a JSON text: entities and paths as objects, and what JSON has no type for as text.
///
/// ```
/// use grism_core::Value;
/// use grism_text::push_json;
///
/// let mut text = Vec::new();
/// push_json(&mut text, Value::List(vec![Value::Int64(1), Value::String("a\"b".to_owned()), Value::Null]));
/// assert_eq!(text, br#"[1,"a\"b",null]"#);
/// ```
pub fn push_json(out: &mut Vec<u8>, value: Value) {
    match value.into_parts() {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        Value::Int64(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float64(number) => push_float(out, number),
        Value::String(text) => push_json_text(out, &text),
        Value::List(items) => {
            out.push(b'[');
            for (place, item) in items.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push_json(out, item);
            }
            out.push(b']');
        }
        Value::Map(entries) => {
            out.push(b'{');
            for (place, (name, item)) in entries.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                push_json_text(out, &name);
                out.push(b':');
                push_json(out, item);
            }
            out.push(b'}');
        }
        other => push_json_text(out, &other.to_string()),
    }
}

/// Adds a text in quotes.
pub fn push_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// A float that reads back as it was: JSON has no word for those that are no numbers, so that they are texts.
fn push_float(out: &mut Vec<u8>, number: f64) {
    let text = if number.is_nan() {
        "\"NaN\"".to_owned()
    } else if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        format!("\"{sign}Infinity\"")
    } else {
        // The shortest text that reads back as the float, with a point that tells it from an integer.
        format!("{number:?}")
    };
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_json;

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let text = r#"{"a b":[1,-2.5,1e300,true,null,"q\"\\ \n\u0001é😀"],"c":{},"d":[]}"#;
        let value = parse_json(text.as_bytes()).unwrap().to_value().unwrap();
        let mut written = Vec::new();
        push_json(&mut written, value.clone());
        assert_eq!(parse_json(&written).unwrap().to_value().unwrap(), value);
        assert_eq!(String::from_utf8(written).unwrap(), text);
    }

    #[test]
    fn what_json_has_no_type_for_is_text() {
        let values = [f64::NAN, f64::NEG_INFINITY].map(Value::Float64);
        let mut written = Vec::new();
        push_json(
            &mut written,
            Value::List([&values[..], &[Value::Date(0)]].concat()),
        );
        assert_eq!(written, br#"["NaN","-Infinity","1970-01-01"]"#);
    }
}
