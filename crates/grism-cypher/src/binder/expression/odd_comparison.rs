//! Comparisons that can never hold: a temporal value or a number with a text.

use grism_core::{Result, Type, Value};
use grism_functions::Returns;
use grism_logical::{BinaryOperator, LogicalExpr};

use super::binder::ExpressionBinder;
use crate::syntax::Expr;

const TEXT: &str = "String";

/// Warns of a comparison whose operands never compare.
pub(crate) fn warn_of_comparison(
    binder: &mut ExpressionBinder<'_, '_>,
    operator: BinaryOperator,
    (left, right): (&LogicalExpr, &LogicalExpr),
    place: &Expr,
) -> Result<()> {
    if operator.is_comparison() || operator == BinaryOperator::In {
        let types = (binder.type_of(left, place)?, binder.type_of(right, place)?);
        if let Some(message) = odd_comparison(operator, (left, &types.0), (right, &types.1)) {
            binder.warn(message, place.span);
        }
    }
    Ok(())
}

/// What is odd about `left operator right`, operands with their types; `None` where nothing is, or where what they are is known
/// only at run time.
fn odd_comparison(
    operator: BinaryOperator,
    left: (&LogicalExpr, &Type),
    right: (&LogicalExpr, &Type),
) -> Option<String> {
    let left = kind(left.0, left.1)?;
    let right = match (operator, right.1) {
        (BinaryOperator::In, Type::List(item)) => kind_of_elements(right.0, item)?,
        (BinaryOperator::In, _) => return None,
        _ => kind(right.0, right.1)?,
    };
    let other = match (left, right) {
        (TEXT, other) | (other, TEXT) => other,
        _ => return None,
    };
    let outcome = match operator {
        BinaryOperator::Equal | BinaryOperator::In => "false",
        BinaryOperator::NotEqual => "true",
        operator if operator.is_comparison() => "null",
        _ => return None,
    };
    let remedy = match other {
        TEXT => return None,
        "Int64" => "write the number without quotes, or toInteger(…) around the text".to_owned(),
        "Float64" => "write the number without quotes, or toFloat(…) around the text".to_owned(),
        temporal => format!("write {}('…') instead of the text", temporal.to_lowercase()),
    };
    Some(format!(
        "{other} is compared with a text, so `{}` is always {outcome}: {remedy}",
        operator.as_str()
    ))
}

/// What the values of an expression are: a text, a number, or something temporal; `None` for the rest.
fn kind(expression: &LogicalExpr, ty: &Type) -> Option<&'static str> {
    Some(match (ty, expression) {
        (Type::String, _) => TEXT,
        (Type::Int64, _) => "Int64",
        (Type::Float64, _) => "Float64",
        (Type::Date, _) => "Date",
        (Type::LocalTime, _) => "LocalTime",
        (Type::LocalDateTime, _) => "LocalDateTime",
        (Type::DateTime, _) => "DateTime",
        // Few temporal values fit into a column of their type, but what makes them is known.
        (Type::Any, LogicalExpr::Function { function, .. }) => match function.built_in()?.returns {
            Returns::Temporal(name) => name,
            _ => return None,
        },
        (Type::Any, LogicalExpr::Literal(value)) => match value {
            Value::Date(_) => "Date",
            Value::Time(_) => "Time",
            Value::LocalDateTime(_) => "LocalDateTime",
            Value::DateTime(_) => "DateTime",
            Value::Duration(_) => "Duration",
            _ => return None,
        },
        _ => return None,
    })
}

/// What all elements of a list are.
fn kind_of_elements(list: &LogicalExpr, item: &Type) -> Option<&'static str> {
    let LogicalExpr::List(items) = list else {
        // The element stands nowhere in the query: its type says what it is.
        return kind(list, item).filter(|_| item != &Type::Any);
    };
    let mut kinds = items.iter().map(|element| kind(element, item));
    let first = kinds.next()??;
    kinds.all(|other| other == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use grism_functions::{DATE, DATE_TIME_TRUNCATE, DURATION, TIME};

    use super::*;

    #[test]
    fn only_what_never_holds_is_odd() {
        use BinaryOperator as Op;
        let column = LogicalExpr::column("x");
        let odd = |operator, left: &Type, right: &Type| {
            odd_comparison(operator, (&column, left), (&column, right))
        };
        let date = odd(Op::Greater, &Type::DateTime, &Type::String).unwrap();
        assert!(
            date.contains("always null") && date.contains("datetime('…')"),
            "{date}"
        );
        let number = odd(Op::Equal, &Type::String, &Type::Int64).unwrap();
        assert!(
            number.contains("always false") && number.contains("toInteger"),
            "{number}"
        );
        assert!(
            odd(Op::NotEqual, &Type::Float64, &Type::String)
                .unwrap()
                .contains("always true")
        );
        let list = Type::String.list();
        assert!(
            odd(Op::In, &Type::Int64, &list)
                .unwrap()
                .contains("always false")
        );
        for (left, right) in [
            (Type::String, Type::String),
            (Type::Any, Type::String),
            (Type::Null, Type::String),
            (Type::Int64, Type::Float64),
        ] {
            assert_eq!(odd(Op::Equal, &left, &right), None);
        }
        assert_eq!(odd(Op::Contains, &Type::Int64, &Type::String), None);
        assert_eq!(odd(Op::In, &Type::String, &list), None);
    }

    #[test]
    fn what_makes_a_temporal_value_tells_what_it_is() {
        let text = LogicalExpr::Literal(Value::String("2020".to_owned()));
        for (function, made) in [
            (&DATE, "date"),
            (&DATE_TIME_TRUNCATE, "datetime"),
            (&DURATION, "duration"),
            (&TIME, "time"),
        ] {
            let call = LogicalExpr::call(function, vec![text.clone()]);
            let operator = BinaryOperator::Less;
            let found = odd_comparison(operator, (&call, &Type::Any), (&text, &Type::String));
            assert!(found.unwrap().contains(&format!("write {made}('…')")));
            let list = LogicalExpr::List(vec![call]);
            let list = (&list, &Type::Any.list());
            assert!(odd_comparison(BinaryOperator::In, (&text, &Type::String), list).is_some());
        }
    }
}
