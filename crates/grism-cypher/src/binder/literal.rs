//! Literals, and the numbers that are out of range.

use grism_core::{Result, Value};
use open_cypher::Span;
use open_cypher::ast::{IntegerRadix, LiteralKind};

use super::Binder;

impl Binder<'_> {
    pub(super) fn literal(
        &self,
        literal: &LiteralKind,
        span: Span,
        negative: bool,
    ) -> Result<Value> {
        Ok(match literal {
            LiteralKind::Null => Value::Null,
            LiteralKind::Boolean(value) => Value::Bool(*value),
            LiteralKind::String(value) => Value::String(value.value.clone()),
            LiteralKind::Integer(integer) => {
                let (digits, radix) = match integer.radix {
                    IntegerRadix::Hexadecimal => (integer.text.get(2..).unwrap_or_default(), 16),
                    IntegerRadix::Octal => (
                        integer
                            .text
                            .trim_start_matches("0o")
                            .trim_start_matches("0O"),
                        8,
                    ),
                    _ => (integer.text.as_str(), 10),
                };
                let sign = if negative { "-" } else { "" };
                let value =
                    i64::from_str_radix(&format!("{sign}{digits}"), radix).map_err(|_| {
                        let message = format!("the integer {sign}{} is out of range", integer.text);
                        self.source
                            .invalid(message, span)
                            .with_code("SyntaxError:IntegerOverflow")
                    })?;
                Value::Int64(value)
            }
            LiteralKind::Float(float) => match float.text.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    Value::Float64(if negative { -value } else { value })
                }
                _ => {
                    let message = format!("the float {} is out of range", float.text);
                    return Err(self
                        .source
                        .invalid(message, span)
                        .with_code("SyntaxError:FloatingPointOverflow"));
                }
            },
            _ => return Err(self.source.unsupported("this literal", span)),
        })
    }
}
