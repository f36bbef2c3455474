//! CASE and `coalesce`: each row takes one branch, and evaluates no other.

use grism_core::{ErrorKind, Type, Value};
use grism_functions::built_in;
use grism_logical::{ArithmeticOperator, BinaryOperator, LogicalExpr};

use super::rows::{evaluated, int, ints, known, literal, shown, text, x};

/// `10 / x`, which is an error for 0.
fn quotient() -> LogicalExpr {
    int(10).arithmetic(ArithmeticOperator::Divide, x())
}

#[test]
fn a_row_takes_the_first_branch_whose_condition_is_true() {
    let is = |value: i64| x().binary(BinaryOperator::Equal, int(value));
    let case = LogicalExpr::Case {
        branches: vec![
            (is(0), literal(text("zero"))),
            // Null, as for null, is no truth.
            (x().binary(BinaryOperator::Less, int(3)), quotient()),
            (is(0), literal(text("never"))),
        ],
        otherwise: Some(Box::new(literal(Value::Bool(true)))),
    };
    let mut rows = ints(&[0, 2, 7]);
    rows.push(Value::Null);
    let found = evaluated(&case, &[known("x", Type::Int64, &rows)]).unwrap();
    assert_eq!(shown(&found), ["'zero'", "5", "true", "true"]);
}

#[test]
fn without_a_branch_for_it_a_row_is_null() {
    let case = LogicalExpr::Case {
        branches: vec![(x().binary(BinaryOperator::Greater, int(1)), x())],
        otherwise: None,
    };
    let columns = [known("x", Type::Int64, &ints(&[1, 2]))];
    assert_eq!(shown(&evaluated(&case, &columns).unwrap()), ["null", "2"]);
}

#[test]
fn coalesce_goes_on_for_the_rows_that_are_null_and_for_no_other() {
    let coalesce = built_in("coalesce").unwrap();
    let call = LogicalExpr::call(coalesce, vec![x(), quotient(), int(7)]);
    let rows = [Value::Int64(0), Value::Null];
    let found = evaluated(&call, &[known("x", Type::Int64, &rows)]).unwrap();
    assert_eq!(shown(&found), ["0", "7"]);
    // A branch that a row takes fails as it does elsewhere.
    let call = LogicalExpr::call(coalesce, vec![literal(Value::Null), quotient()]);
    let found = evaluated(&call, &[known("x", Type::Int64, &ints(&[1, 0]))]);
    assert_eq!(found.unwrap_err().kind(), ErrorKind::InvalidData);
}
