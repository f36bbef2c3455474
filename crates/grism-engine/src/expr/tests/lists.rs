//! Elements and parts of lists, quantifiers, comprehensions and `reduce`.

use grism_core::{ErrorKind, Type, Value};
use grism_logical::{ArithmeticOperator, BinaryOperator, LogicalExpr, Quantifier};

use super::rows::{Known, evaluated, int, ints, known, literal, shown, x};

fn list(items: &[i64]) -> Value {
    Value::List(ints(items))
}

/// Lists of integers, one of them null.
fn lists() -> Vec<Value> {
    let with_null = Value::List(vec![Value::Int64(5), Value::Null, Value::Int64(2)]);
    vec![list(&[1, 2, 3]), list(&[]), Value::Null, with_null]
}

/// The lists in a column of their own type, and in one of any type.
fn both_types() -> [Known; 2] {
    [Type::Int64.list(), Type::Any].map(|ty| known("x", ty, &lists()))
}

#[test]
fn elements_are_counted_from_either_end() {
    for column in both_types() {
        let columns = [column];
        for (place, expected) in [
            (0, ["1", "null", "null", "5"]),
            (2, ["3", "null", "null", "2"]),
            (3, ["null", "null", "null", "null"]),
            (-1, ["3", "null", "null", "2"]),
            (-3, ["1", "null", "null", "5"]),
            (-4, ["null", "null", "null", "null"]),
            (i64::MIN, ["null", "null", "null", "null"]),
        ] {
            let index = Box::new(int(place));
            let base = Box::new(x());
            let found = evaluated(&LogicalExpr::Index { base, index }, &columns).unwrap();
            assert_eq!(shown(&found), expected, "[{place}]");
        }
    }
}

#[test]
fn parts_of_lists_end_where_the_list_does() {
    let bound = |bound: Option<i64>| bound.map(|at| Box::new(int(at)));
    for column in both_types() {
        let columns = [column];
        for (lower, upper, expected) in [
            (None, None, "[1, 2, 3]"),
            (Some(1), None, "[2, 3]"),
            (None, Some(-1), "[1, 2]"),
            (Some(-2), Some(9), "[2, 3]"),
            (Some(2), Some(1), "[]"),
            (Some(i64::MIN), Some(i64::MAX), "[1, 2, 3]"),
        ] {
            let slice = LogicalExpr::Slice {
                base: Box::new(x()),
                lower: bound(lower),
                upper: bound(upper),
            };
            let found = evaluated(&slice, &columns).unwrap();
            assert_eq!(
                shown(&found[..3]),
                [expected, "[]", "null"],
                "{lower:?}..{upper:?}"
            );
        }
        let unknown = LogicalExpr::Slice {
            base: Box::new(x()),
            lower: Some(Box::new(literal(Value::Null))),
            upper: None,
        };
        let found = evaluated(&unknown, &columns).unwrap();
        assert_eq!(found, vec![Value::Null; 4]);
    }
}

/// `item > 1`, which is unknown for null.
fn above_one() -> LogicalExpr {
    LogicalExpr::column("item").binary(BinaryOperator::Greater, int(1))
}

#[test]
fn quantifiers_are_unknown_where_an_unknown_element_decides() {
    let rows = [
        list(&[2, 3]),
        list(&[1, 2]),
        list(&[0, 1]),
        list(&[]),
        Value::List(vec![Value::Int64(2), Value::Null]),
        Value::List(vec![Value::Int64(0), Value::Null]),
        Value::List(vec![Value::Int64(2), Value::Int64(2), Value::Null]),
        Value::Null,
    ];
    let (t, f, n) = ("true", "false", "null");
    for (quantifier, expected) in [
        (Quantifier::All, [t, f, f, t, n, f, n, n]),
        (Quantifier::Any, [t, t, f, f, t, n, t, n]),
        (Quantifier::None, [f, f, t, t, f, n, f, n]),
        (Quantifier::Single, [f, t, f, f, n, n, f, n]),
    ] {
        let expression = LogicalExpr::Quantified {
            quantifier,
            list: Box::new(x()),
            variable: "item".to_owned(),
            predicate: Box::new(above_one()),
        };
        let columns = [known("x", Type::Int64.list(), &rows)];
        let found = evaluated(&expression, &columns).unwrap();
        assert_eq!(shown(&found), expected, "{quantifier:?}");
    }
}

#[test]
fn a_quantifier_fails_only_for_an_element_that_it_reaches() {
    let quotient = int(10).arithmetic(ArithmeticOperator::Divide, LogicalExpr::column("item"));
    let any = |list: &[i64]| {
        let expression = LogicalExpr::Quantified {
            quantifier: Quantifier::Any,
            list: Box::new(x()),
            variable: "item".to_owned(),
            predicate: Box::new(quotient.clone().binary(BinaryOperator::Greater, int(4))),
        };
        let rows = [Value::List(ints(list)), Value::List(ints(&[2]))];
        evaluated(&expression, &[known("x", Type::Int64.list(), &rows)])
    };
    assert_eq!(shown(&any(&[2, 0]).unwrap()), ["true", "true"]);
    assert_eq!(any(&[5, 0]).unwrap_err().kind(), ErrorKind::InvalidData);
}

#[test]
fn comprehensions_keep_what_passes_and_say_what_becomes_of_it() {
    let comprehension = LogicalExpr::Transform {
        list: Box::new(x()),
        variable: "item".to_owned(),
        predicate: Some(Box::new(above_one())),
        projection: Some(Box::new(
            LogicalExpr::column("item").arithmetic(ArithmeticOperator::Multiply, int(10)),
        )),
    };
    for column in both_types() {
        let found = evaluated(&comprehension, &[column]).unwrap();
        assert_eq!(shown(&found), ["[20, 30]", "[]", "null", "[50, 20]"]);
    }
}

#[test]
fn a_comprehension_sees_the_columns_of_its_row() {
    let comprehension = LogicalExpr::Transform {
        list: Box::new(x()),
        variable: "item".to_owned(),
        predicate: None,
        projection: Some(Box::new(
            LogicalExpr::column("item")
                .arithmetic(ArithmeticOperator::Add, LogicalExpr::column("y")),
        )),
    };
    let columns = [
        known(
            "x",
            Type::Int64.list(),
            &[list(&[1, 2]), list(&[]), list(&[3])],
        ),
        known("y", Type::Int64, &ints(&[10, 20, 30])),
    ];
    let found = evaluated(&comprehension, &columns).unwrap();
    assert_eq!(shown(&found), ["[11, 12]", "[]", "[33]"]);
}

#[test]
fn reduce_takes_each_list_in_its_order() {
    let digits = LogicalExpr::Reduce {
        accumulator: "sum".to_owned(),
        initial: Box::new(int(0)),
        variable: "item".to_owned(),
        list: Box::new(x()),
        step: Box::new(LogicalExpr::column("sum").arithmetic_chain([
            (ArithmeticOperator::Multiply, int(10)),
            (ArithmeticOperator::Add, LogicalExpr::column("item")),
        ])),
        ty: Type::Int64,
    };
    let columns = [known("x", Type::Int64.list(), &lists())];
    let found = evaluated(&digits, &columns).unwrap();
    assert_eq!(shown(&found), ["123", "0", "null", "null"]);
}
