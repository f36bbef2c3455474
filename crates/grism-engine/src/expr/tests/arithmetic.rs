//! Arithmetic: what is refused, what is null, and what mixed types give.

use grism_core::{ErrorKind, Type, Value};
use grism_logical::ArithmeticOperator as Op;

use super::rows::{constant, evaluated, int, ints, known, literal, shown, text, x, y};

#[test]
fn integers_that_leave_their_range_are_an_error_in_every_operator() {
    for (a, operator, b) in [
        (i64::MAX, Op::Add, 1),
        (i64::MIN, Op::Subtract, 1),
        (i64::MAX, Op::Multiply, 2),
        (i64::MIN, Op::Divide, -1),
        (7, Op::Divide, 0),
        (7, Op::Remainder, 0),
    ] {
        let (a, b) = (ints(&[1, a]), ints(&[1, b]));
        // As columns, as constants, and with a type that shows only at run time.
        let typed = [known("x", Type::Int64, &a), known("y", Type::Int64, &b)];
        let dynamic = [known("x", Type::Any, &a), known("y", Type::Int64, &b)];
        let constants = int(match a[1] {
            Value::Int64(a) => a,
            _ => 0,
        });
        let constants = constants.arithmetic(operator, literal(b[1].clone()));
        let expression = x().arithmetic(operator, y());
        for found in [
            evaluated(&expression, &typed).map(drop),
            evaluated(&expression, &dynamic).map(drop),
            constant(&constants).map(drop),
        ] {
            let error = found.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::InvalidData,
                "{operator:?}: {error}"
            );
        }
    }
}

#[test]
fn integers_are_divided_towards_zero_and_floats_as_ieee_says() {
    let (a, b) = (ints(&[7, -7, 7, -7]), ints(&[2, 2, -2, -2]));
    let columns = [known("x", Type::Int64, &a), known("y", Type::Int64, &b)];
    let quotients = evaluated(&x().arithmetic(Op::Divide, y()), &columns);
    assert_eq!(quotients.unwrap(), ints(&[3, -3, -3, 3]));
    let rests = evaluated(&x().arithmetic(Op::Remainder, y()), &columns);
    assert_eq!(rests.unwrap(), ints(&[1, -1, 1, -1]));
    let powers = evaluated(&x().arithmetic(Op::Power, y()), &columns);
    assert_eq!(shown(&powers.unwrap())[..2], ["49.0", "49.0"]);
    let floats = [1.0, -1.0, 0.0].map(Value::Float64);
    let columns = [known("x", Type::Float64, &floats)];
    let quotients = evaluated(
        &x().arithmetic(Op::Divide, literal(Value::Float64(0.0))),
        &columns,
    );
    assert_eq!(shown(&quotients.unwrap()), ["inf", "-inf", "NaN"]);
}

#[test]
fn null_makes_null_whatever_the_other_side_is() {
    let nulls = [Value::Null, Value::Int64(2), Value::Null];
    let others = [Value::Int64(1), Value::Null, Value::Null];
    for ty in [Type::Int64, Type::Any] {
        let columns = [known("x", ty.clone(), &nulls), known("y", ty, &others)];
        for operator in [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Power] {
            let found = evaluated(&x().arithmetic(operator, y()), &columns).unwrap();
            assert_eq!(found, vec![Value::Null; 3], "{operator:?}");
        }
    }
}

#[test]
fn a_chain_goes_from_left_to_right_through_numbers_texts_and_lists() {
    let columns = [known("x", Type::Int64, &ints(&[1, 2]))];
    let chain = x().arithmetic_chain([
        (Op::Add, int(2)),
        (Op::Add, literal(text("a"))),
        (Op::Add, int(1)),
        (Op::Add, int(2)),
    ]);
    let found = evaluated(&chain, &columns).unwrap();
    assert_eq!(found, [text("3a12"), text("4a12")]);
    let list = |items: &[i64]| Value::List(ints(items));
    let chain = x().arithmetic_chain([(Op::Add, literal(list(&[7, 8]))), (Op::Add, x())]);
    let found = evaluated(&chain, &columns).unwrap();
    assert_eq!(found, [list(&[1, 7, 8, 1]), list(&[2, 7, 8, 2])]);
}

#[test]
fn values_of_any_type_are_added_by_the_type_they_turn_out_to_have() {
    let values = [
        Value::Int64(1),
        Value::Float64(0.5),
        text("a"),
        Value::List(vec![Value::Bool(true)]),
        Value::Null,
    ];
    let columns = [known("x", Type::Any, &values)];
    let found = evaluated(&x().arithmetic(Op::Add, int(2)), &columns).unwrap();
    let list = Value::List(vec![Value::Bool(true), Value::Int64(2)]);
    let expected = [
        Value::Int64(3),
        Value::Float64(2.5),
        text("a2"),
        list,
        Value::Null,
    ];
    assert_eq!(found, expected);
    let columns = [known("x", Type::Any, &[Value::Bool(true)])];
    let error = evaluated(&x().arithmetic(Op::Subtract, int(2)), &columns).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{error}");
}
