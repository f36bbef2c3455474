//! Comparisons that can never hold: a temporal value or a number with a text.

use grism_core::Type;
use grism_logical::BinaryOperator;

/// What is odd about `left operator right`, by the types alone; `None` where nothing is, or where a type is known only at
/// run time.
pub(super) fn odd_comparison(
    operator: BinaryOperator,
    left: &Type,
    right: &Type,
) -> Option<String> {
    let right = match (operator, right) {
        (BinaryOperator::In, Type::List(item)) => item.as_ref(),
        (BinaryOperator::In, _) => return None,
        _ => right,
    };
    let other = match (left, right) {
        (Type::String, other) | (other, Type::String) => other,
        _ => return None,
    };
    let outcome = match operator {
        BinaryOperator::Equal | BinaryOperator::In => "false",
        BinaryOperator::NotEqual => "true",
        operator if operator.is_comparison() => "null",
        _ => return None,
    };
    let remedy = match other {
        Type::Date => "write date('…') instead of the text",
        Type::LocalTime => "write localtime('…') instead of the text",
        Type::LocalDateTime => "write localdatetime('…') instead of the text",
        Type::DateTime => "write datetime('…') instead of the text",
        Type::Int64 => "write the number without quotes, or toInteger(…) around the text",
        Type::Float64 => "write the number without quotes, or toFloat(…) around the text",
        _ => return None,
    };
    Some(format!(
        "{other} is compared with a text, so `{}` is always {outcome}: {remedy}",
        operator.as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_holds_is_odd() {
        use BinaryOperator as Op;
        let odd = |operator, left: &Type, right: &Type| odd_comparison(operator, left, right);
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
}
