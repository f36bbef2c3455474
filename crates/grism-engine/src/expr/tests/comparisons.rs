//! Comparisons, against Cypher's own rules for pairs of values.

use grism_core::{Type, Value, equal_values, order_values};
use grism_logical::{BinaryOperator, LogicOperator, LogicalExpr, UnaryOperator};

use super::rows::{evaluated, known, literal, shown, text, x, y};

const OPERATORS: [BinaryOperator; 6] = [
    BinaryOperator::Equal,
    BinaryOperator::NotEqual,
    BinaryOperator::Less,
    BinaryOperator::LessOrEqual,
    BinaryOperator::Greater,
    BinaryOperator::GreaterOrEqual,
];

/// `None` is null.
fn compared(a: &Value, operator: BinaryOperator, b: &Value) -> Option<bool> {
    let is_nan = |value: &Value| matches!(value, Value::Float64(value) if value.is_nan());
    let is_number = |value: &Value| matches!(value, Value::Float64(_) | Value::Int64(_));
    match operator {
        BinaryOperator::Equal => return equal_values(a, b),
        BinaryOperator::NotEqual => return equal_values(a, b).map(|equal| !equal),
        _ if (is_nan(a) || is_nan(b)) && is_number(a) && is_number(b) => return Some(false),
        _ => {}
    }
    let order = order_values(a, b)?;
    Some(match operator {
        BinaryOperator::Less => order.is_lt(),
        BinaryOperator::LessOrEqual => order.is_le(),
        BinaryOperator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

/// Compares every value with every other one, in columns of these types.
fn check(types: [&Type; 2], values: [&[Value]; 2]) {
    let pairs = values[0].iter().flat_map(|a| {
        let pairs = values[1].iter().map(|b| (a.clone(), b.clone()));
        pairs.collect::<Vec<_>>()
    });
    let (left, right): (Vec<Value>, Vec<Value>) = pairs.unzip();
    let columns = [
        known("x", types[0].clone(), &left),
        known("y", types[1].clone(), &right),
    ];
    for operator in OPERATORS {
        let found = evaluated(&x().binary(operator, y()), &columns).unwrap();
        for (row, found) in found.iter().enumerate() {
            let expected = compared(&left[row], operator, &right[row]);
            let expected = expected.map_or(Value::Null, Value::Bool);
            assert_eq!(
                found, &expected,
                "{} {operator:?} {}",
                left[row], right[row]
            );
        }
        // A constant on one side means the same.
        for b in values[1] {
            let own: Vec<Value> = values[0].to_vec();
            let columns = [known("x", types[0].clone(), &own)];
            let found = evaluated(&x().binary(operator, literal(b.clone())), &columns).unwrap();
            let expected = own.iter().map(|a| {
                let expected = compared(a, operator, b);
                expected.map_or(Value::Null, Value::Bool)
            });
            assert_eq!(found, expected.collect::<Vec<_>>(), "{operator:?} {b}");
        }
    }
}

#[test]
fn numbers_of_both_kinds_are_compared_exactly() {
    let integers = [0, 1, -1, i64::MAX, i64::MIN, 9_007_199_254_740_993];
    let mut integers = integers.map(Value::Int64).to_vec();
    integers.push(Value::Null);
    // The second last is between two integers that are one float.
    let floats = [
        0.0,
        -0.0,
        1.0,
        f64::NAN,
        f64::INFINITY,
        9_007_199_254_740_992.0,
        9.3e18,
    ];
    let mut floats = floats.map(Value::Float64).to_vec();
    floats.push(Value::Null);
    check([&Type::Int64, &Type::Float64], [&integers, &floats]);
    check([&Type::Float64, &Type::Int64], [&floats, &integers]);
    check([&Type::Float64, &Type::Float64], [&floats, &floats]);
}

#[test]
fn values_of_any_type_are_compared_within_their_kind() {
    let list = |items: &[Value]| Value::List(items.to_vec());
    let values = [
        Value::Null,
        Value::Int64(1),
        Value::Float64(1.0),
        Value::Float64(f64::NAN),
        Value::Bool(true),
        text("1"),
        list(&[Value::Int64(1)]),
        list(&[Value::Float64(1.0), Value::Null]),
        list(&[Value::Null]),
        Value::Map([("k".to_owned(), Value::Int64(1))].into()),
        Value::Date(3),
    ];
    check([&Type::Any, &Type::Any], [&values, &values]);
}

#[test]
fn lists_are_compared_element_by_element() {
    let list = |items: &[Option<i64>]| {
        let items = items.iter();
        let items = items.map(|item| item.map_or(Value::Null, Value::Int64));
        Value::List(items.collect())
    };
    let values = [
        list(&[]),
        list(&[Some(1)]),
        list(&[Some(1), Some(2)]),
        list(&[Some(1), None]),
        list(&[None]),
        list(&[Some(2)]),
        Value::Null,
    ];
    let ty = Type::Int64.list();
    check([&ty, &ty], [&values, &values]);
}

#[test]
fn logic_has_three_values() {
    let values = [Value::Bool(true), Value::Bool(false), Value::Null];
    let pairs: Vec<(Value, Value)> = values
        .iter()
        .flat_map(|a| values.iter().map(|b| (a.clone(), b.clone())))
        .collect();
    let (left, right): (Vec<Value>, Vec<Value>) = pairs.into_iter().unzip();
    let (t, f, n) = ("true", "false", "null");
    for (operator, expected) in [
        (LogicOperator::And, [t, f, n, f, f, f, n, f, n]),
        (LogicOperator::Or, [t, t, t, t, f, n, t, n, n]),
        (LogicOperator::Xor, [f, t, n, t, f, n, n, n, n]),
    ] {
        for ty in [Type::Bool, Type::Any] {
            let columns = [known("x", ty.clone(), &left), known("y", ty, &right)];
            let found = evaluated(&LogicalExpr::logic(operator, [x(), y()]), &columns);
            assert_eq!(shown(&found.unwrap()), expected, "{operator:?}");
        }
    }
    let columns = [known("x", Type::Bool, &values)];
    let found = evaluated(&x().unary(UnaryOperator::Not), &columns).unwrap();
    assert_eq!(shown(&found), [f, t, n]);
}

#[test]
fn parts_of_texts_are_found_and_unknown_where_there_is_no_text() {
    let values = [text("Straße"), text(""), Value::Null];
    for ty in [Type::String, Type::Any] {
        for (operator, part, expected) in [
            (BinaryOperator::StartsWith, "Str", ["true", "false", "null"]),
            (BinaryOperator::EndsWith, "ße", ["true", "false", "null"]),
            (BinaryOperator::Contains, "", ["true", "true", "null"]),
            (
                BinaryOperator::RegexMatch,
                "S.*|x",
                ["true", "false", "null"],
            ),
            (
                BinaryOperator::RegexMatch,
                "St|x",
                ["false", "false", "null"],
            ),
        ] {
            let columns = [known("x", ty.clone(), &values)];
            let expression = x().binary(operator, literal(text(part)));
            let found = evaluated(&expression, &columns).unwrap();
            assert_eq!(shown(&found), expected, "{operator:?} {part}");
        }
    }
    let columns = [known("x", Type::Any, &[Value::Int64(1), text("1")])];
    let expression = x().binary(BinaryOperator::Contains, literal(text("1")));
    let found = evaluated(&expression, &columns).unwrap();
    assert_eq!(shown(&found), ["null", "true"]);
}
