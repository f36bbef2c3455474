//! `IN`: short lists and long ones, constant and not, against a comparison with each element.

use grism_core::{Type, Value, equal_values};
use grism_logical::BinaryOperator;

use super::rows::{evaluated, ints, known, literal, shown, text, x, y};

/// Whether the list holds the value; `None` is null.
fn holds(items: &[Value], wanted: &Value) -> Option<bool> {
    let mut known = Some(false);
    for item in items {
        match equal_values(item, wanted) {
            Some(true) => return Some(true),
            None => known = None,
            Some(false) => {}
        }
    }
    known
}

/// Looks all needles up in a list, which is a constant, and in a column.
fn check(needle: &Type, needles: &[Value], item: &Type, items: &[Value]) {
    let list = Value::List(items.to_vec());
    let expected: Vec<Value> = needles
        .iter()
        .map(|wanted| holds(items, wanted).map_or(Value::Null, Value::Bool))
        .collect();
    let constant = x().binary(BinaryOperator::In, literal(list.clone()));
    let columns = [known("x", needle.clone(), needles)];
    let found = evaluated(&constant, &columns).unwrap();
    assert_eq!(shown(&found), shown(&expected), "in {list}");
    let lists = vec![list.clone(); needles.len()];
    let columns = [
        known("x", needle.clone(), needles),
        known("y", item.clone().list(), &lists),
    ];
    let found = evaluated(&x().binary(BinaryOperator::In, y()), &columns).unwrap();
    assert_eq!(shown(&found), shown(&expected), "in a column of {list}");
}

/// So many different elements that they are hashed.
const LONG: i64 = 100;

#[test]
fn integers_and_floats_are_found_in_lists_of_any_length() {
    let needles = [Value::Int64(3), Value::Int64(-1), Value::Null];
    let floats = [3.0, 3.5, f64::NAN, -0.0, 1e300].map(Value::Float64);
    for count in [0, 1, 20, LONG] {
        let items: Vec<i64> = (0..count).collect();
        let items = ints(&items);
        check(&Type::Int64, &needles, &Type::Int64, &items);
        check(&Type::Float64, &floats, &Type::Int64, &items);
        let with_null: Vec<Value> = items.iter().cloned().chain([Value::Null]).collect();
        check(&Type::Int64, &needles, &Type::Int64, &with_null);
        let halves = (0..count).map(|item| Value::Float64(item as f64 / 2.0));
        let halves: Vec<Value> = halves.chain([Value::Float64(f64::NAN)]).collect();
        check(&Type::Int64, &needles, &Type::Float64, &halves);
        check(&Type::Float64, &floats, &Type::Float64, &halves);
    }
}

#[test]
fn texts_and_lists_are_found_by_what_they_hold() {
    let needles = [text("7"), text(""), text("a7"), Value::Null];
    let lists = |numbers: &[Option<i64>]| {
        let items = numbers.iter();
        let items = items.map(|item| item.map_or(Value::Null, Value::Int64));
        Value::List(items.collect())
    };
    for count in [0, 3, LONG] {
        let texts: Vec<Value> = (0..count).map(|item| text(&format!("a{item}"))).collect();
        check(&Type::String, &needles, &Type::String, &texts);
        let items: Vec<Value> = (0..count)
            .map(|item| lists(&[Some(item), Some(1)]))
            .collect();
        let wanted = [
            lists(&[Some(2), Some(1)]),
            lists(&[None, Some(1)]),
            lists(&[]),
        ];
        let ty = Type::Int64.list();
        check(&ty, &wanted, &ty, &items);
    }
}

#[test]
fn elements_of_any_type_are_found_by_equality_across_types() {
    let needles = [
        Value::Int64(1),
        Value::Float64(2.0),
        Value::Float64(f64::NAN),
        text("1"),
        Value::Bool(true),
        Value::List(vec![Value::Null]),
        Value::Null,
    ];
    let mixed = [
        Value::Float64(1.0),
        Value::Int64(2),
        Value::Bool(false),
        Value::List(vec![Value::Int64(4)]),
    ];
    let long: Vec<Value> = mixed
        .iter()
        .cloned()
        .chain((10..LONG).map(Value::Int64))
        .collect();
    for items in [&mixed[..], &long] {
        check(&Type::Any, &needles, &Type::Any, items);
    }
}

#[test]
fn a_null_list_is_unknown_and_an_empty_one_holds_nothing_not_even_null() {
    let lists = [Value::Null, Value::List(Vec::new())];
    let needles = [Value::Int64(1), Value::Null];
    let columns = [
        known("x", Type::Int64, &needles),
        known("y", Type::Int64.list(), &lists),
    ];
    let found = evaluated(&x().binary(BinaryOperator::In, y()), &columns).unwrap();
    assert_eq!(shown(&found), ["null", "false"]);
}
