//! Scan predicates as Lance takes them.

use datafusion_common::ScalarValue;
use datafusion_expr::{Expr, ident, lit};
use grism_core::{Comparison, ComparisonOperator, Value};

/// The conjunction of those comparisons that Lance evaluates exactly as Cypher does; `None` where there are none.
pub(in crate::lance) fn lance_filter(predicate: &[Comparison]) -> Option<Expr> {
    predicate.iter().filter_map(comparison).reduce(Expr::and)
}

/// Whether every comparison reaches Lance, so that nothing is left to check.
pub(in crate::lance) fn reaches_lance(predicate: &[Comparison]) -> bool {
    predicate.iter().all(|own| comparison(own).is_some())
}

fn comparison(comparison: &Comparison) -> Option<Expr> {
    let column = ident(&comparison.column);
    match comparison.operator {
        ComparisonOperator::IsNull => return Some(column.is_null()),
        ComparisonOperator::IsNotNull => return Some(column.is_not_null()),
        _ => {}
    }
    let value = match &comparison.value {
        // DataFusion orders NaN above every number; only equality and upper bounds agree with Cypher.
        Value::Float64(value)
            if matches!(
                comparison.operator,
                ComparisonOperator::Less | ComparisonOperator::LessOrEqual
            ) && *value != 0.0
                && !value.is_nan() =>
        {
            ScalarValue::Float64(Some(*value))
        }
        value => scalar_value(value)?,
    };
    let value = lit(value);
    Some(match comparison.operator {
        ComparisonOperator::Equal => column.eq(value),
        ComparisonOperator::NotEqual => column.not_eq(value),
        ComparisonOperator::Less => column.lt(value),
        ComparisonOperator::LessOrEqual => column.lt_eq(value),
        ComparisonOperator::Greater => column.gt(value),
        _ => column.gt_eq(value),
    })
}

/// A value that Lance compares exactly as Cypher does.
pub(in crate::lance) fn scalar_value(value: &Value) -> Option<ScalarValue> {
    Some(match value {
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Int64(value) => ScalarValue::Int64(Some(*value)),
        Value::String(value) => ScalarValue::Utf8(Some(value.clone())),
        Value::Date(days) => ScalarValue::Date32(i32::try_from(*days).ok()),
        Value::LocalDateTime(value) => ScalarValue::TimestampNanosecond(value.to_nanos(), None),
        Value::DateTime(value) => {
            ScalarValue::TimestampNanosecond(value.utc().to_nanos(), Some("UTC".into()))
        }
        _ => return None,
    })
}
