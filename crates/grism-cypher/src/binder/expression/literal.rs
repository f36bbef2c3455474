//! Literals, and the numbers that are out of range.

use grism_core::{Result, Value};

use crate::source::Source;
use crate::syntax::{Literal, Span};

/// The value of a literal that stands at `span`; a minus before a number belongs to it, since the smallest integer
/// has no positive counterpart.
pub(crate) fn literal(
    source: Source<'_>,
    literal: &Literal,
    span: Span,
    negative: bool,
) -> Result<Value> {
    let sign = if negative { "-" } else { "" };
    Ok(match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::String(value) => Value::String(value.clone()),
        Literal::Integer { digits, radix } => {
            let signed = format!("{sign}{digits}");
            let value = i64::from_str_radix(&signed, *radix).map_err(|_| {
                let text = source.slice(span).trim_start_matches(['-', ' ']);
                let message = format!("the integer {sign}{text} is out of range");
                source
                    .invalid(message, span)
                    .with_code("SyntaxError:IntegerOverflow")
            })?;
            Value::Int64(value)
        }
        Literal::Float(text) => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Value::Float64(if negative { -value } else { value }),
            _ => {
                let message = format!("the float {text} is out of range");
                return Err(source
                    .invalid(message, span)
                    .with_code("SyntaxError:FloatingPointOverflow"));
            }
        },
    })
}
