//! Kernels at the edges of what they take: over columns, over one value for all rows, and value by value.

use grism_core::{Error, ErrorKind, Result, Type, Value};

use crate::{Budget, Call, Function, Kernel, Operand, built_in};

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn integer(value: i64) -> Value {
    Value::Int64(value)
}

fn float(value: f64) -> Value {
    Value::Float64(value)
}

fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::List(values.into_iter().collect())
}

fn map(entries: &[(&str, Value)]) -> Value {
    let entries = entries.iter();
    Value::Map(
        entries
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

/// The types of the arguments, each of which holds the values of all calls.
fn types(calls: &[Vec<Value>]) -> Vec<Type> {
    let of = |place: usize| {
        let types = calls.iter().map(|call| call[place].type_of());
        types.fold(Type::Null, |all, own| all.unify(&own))
    };
    (0..calls[0].len()).map(of).collect()
}

/// What calls give that are computed as the rows of one batch.
fn as_rows(
    function: &Function,
    calls: &[Vec<Value>],
    operand: fn(arrow::array::ArrayRef) -> Operand,
) -> Result<Vec<Value>> {
    let types = types(calls);
    let returned = function.return_type(&types)?;
    let column = |(place, ty): (usize, &Type)| {
        let values: Vec<Value> = calls.iter().map(|call| call[place].clone()).collect();
        Ok(operand(Value::column(&values, &ty.to_arrow())?))
    };
    let arguments = types.iter().enumerate().map(column);
    let arguments = arguments.collect::<Result<Vec<_>>>()?;
    let found = function.columns(&Call {
        arguments: &arguments,
        rows: calls.len(),
        data_type: &returned.to_arrow(),
        budget: &Budget::new(None),
    })?;
    let array = found.array();
    // One value may stand for all rows.
    let row = |row: usize| if found.is_scalar() { 0 } else { row };
    let rows = 0..calls.len();
    rows.map(|number| Value::from_typed(array, row(number), &returned))
        .collect()
}

/// What a call gives, by every kernel that the function has.
fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    let function = built_in(name).unwrap_or_else(|| panic!("no function `{name}`"));
    let calls = [arguments.to_vec()];
    let over_columns = || {
        let mut found = as_rows(function, &calls, Operand::scalar)?;
        Ok::<Value, Error>(found.remove(0))
    };
    match function.kernel {
        Kernel::Columns(_) => over_columns(),
        Kernel::Values(_) => function.value(arguments.to_vec()),
        Kernel::Either { fits, .. } => {
            let by_value = function.value(arguments.to_vec());
            if fits(&types(&calls)) {
                // What a kernel over columns refuses by type, one over values may refuse by value.
                let by_value = by_value.as_ref().map_err(|_| ());
                assert_eq!(over_columns().as_ref().map_err(|_| ()), by_value, "{name}");
            }
            by_value
        }
        Kernel::Compiled => panic!("`{name}` has no kernel"),
    }
}

/// Checks calls of one function: each alone, and all of them as rows of one batch.
fn check(name: &str, calls: &[(&[Value], &str)]) {
    for (arguments, wanted) in calls {
        let found =
            call(name, arguments).unwrap_or_else(|error| panic!("{name}{arguments:?}: {error}"));
        assert_eq!(found.to_string(), *wanted, "{name}{arguments:?}");
    }
    let function = built_in(name).unwrap();
    let rows: Vec<Vec<Value>> = calls.iter().map(|(own, _)| own.to_vec()).collect();
    if !matches!(function.kernel, Kernel::Columns(_)) || types(&rows).contains(&Type::Any) {
        return;
    }
    let found = as_rows(function, &rows, Operand::column).unwrap();
    for ((arguments, wanted), found) in calls.iter().zip(found) {
        assert_eq!(found.to_string(), *wanted, "{name}{arguments:?} as a row");
    }
}

fn kind(name: &str, arguments: &[Value]) -> ErrorKind {
    match call(name, arguments) {
        Ok(value) => panic!("{name}{arguments:?} is {value}"),
        Err(error) => error.kind(),
    }
}

#[test]
fn parts_of_texts_are_counted_in_characters_and_end_where_the_text_does() {
    let word = || text("naïve");
    check(
        "left",
        &[
            (&[word(), integer(3)], "'naï'"),
            (&[word(), integer(0)], "''"),
            (&[word(), integer(99)], "'naïve'"),
            (&[text(""), integer(1)], "''"),
        ],
    );
    check(
        "right",
        &[
            (&[word(), integer(3)], "'ïve'"),
            (&[word(), integer(99)], "'naïve'"),
        ],
    );
    check(
        "substring",
        &[
            (&[word(), integer(2), integer(2)], "'ïv'"),
            (&[word(), integer(4), integer(i64::MAX)], "'e'"),
            (&[word(), integer(5), integer(1)], "''"),
        ],
    );
    for (name, arguments) in [
        ("left", vec![word(), integer(-1)]),
        ("right", vec![word(), integer(-1)]),
        ("substring", vec![word(), integer(-1), integer(1)]),
    ] {
        let kind = kind(name, &arguments);
        assert!(
            matches!(kind, ErrorKind::InvalidQuery | ErrorKind::InvalidData),
            "{name}: {kind:?}"
        );
    }
}

#[test]
fn texts_are_split_replaced_and_turned_round() {
    check(
        "split",
        &[
            (&[text("a,b,,c"), text(",")], "['a', 'b', '', 'c']"),
            (&[text(""), text(",")], "['']"),
            (&[text("äb"), text("")], "['ä', 'b']"),
        ],
    );
    check(
        "replace",
        &[
            (&[text("aaa"), text("aa"), text("b")], "'ba'"),
            (&[text("abc"), text("x"), text("y")], "'abc'"),
        ],
    );
    check("reverse", &[(&[text("añb")], "'bña'"), (&[text("")], "''")]);
    check(
        "reverse",
        &[
            (
                &[list([integer(1), Value::Null, integer(3)])],
                "[3, null, 1]",
            ),
            (&[list([])], "[]"),
        ],
    );
    check(
        "btrim",
        &[
            (&[text("xyaxy"), text("yx")], "'a'"),
            (&[text("xx"), text("x")], "''"),
        ],
    );
}

#[test]
fn null_gives_null_where_the_function_says_nothing_else() {
    let strict = [
        ("left", vec![text("abc"), integer(1)]),
        ("substring", vec![text("abc"), integer(1), integer(1)]),
        ("replace", vec![text("abc"), text("b"), text("x")]),
        ("split", vec![text("a,b"), text(",")]),
        ("round", vec![float(1.25), integer(1)]),
        ("abs", vec![integer(-1)]),
        ("sqrt", vec![float(4.0)]),
        ("atan2", vec![float(1.0), float(2.0)]),
        ("head", vec![list([integer(1)])]),
        ("size", vec![list([integer(1)])]),
        ("range", vec![integer(1), integer(3), integer(1)]),
    ];
    for (name, arguments) in strict {
        for place in 0..arguments.len() {
            let mut with_null = arguments.clone();
            with_null[place] = Value::Null;
            // Beside a row that has a value, so that the column has a type.
            let function = built_in(name).unwrap();
            let rows = as_rows(function, &[arguments.clone(), with_null], Operand::column).unwrap();
            assert!(!rows[0].is_null(), "{name}");
            assert!(
                rows[1].is_null(),
                "{name} with a null at {place}: {}",
                rows[1]
            );
        }
    }
}

#[test]
fn halves_are_rounded_up_and_integers_do_not_overflow() {
    check(
        "round",
        &[
            (&[float(2.5)], "3.0"),
            (&[float(-2.5)], "-2.0"),
            (&[float(-0.2)], "0.0"),
            (&[float(f64::INFINITY)], "inf"),
        ],
    );
    check(
        "abs",
        &[
            (&[integer(-7)], "7"),
            (&[integer(i64::MAX)], "9223372036854775807"),
        ],
    );
    assert_eq!(kind("abs", &[integer(i64::MIN)]), ErrorKind::InvalidData);
    check(
        "abs",
        &[
            (&[float(-0.5)], "0.5"),
            (&[float(f64::NEG_INFINITY)], "inf"),
        ],
    );
    check(
        "sign",
        &[
            (&[float(-3.0)], "-1"),
            (&[float(0.0)], "0"),
            (&[float(1e-300)], "1"),
        ],
    );
    check("sqrt", &[(&[float(-1.0)], "NaN"), (&[float(9.0)], "3.0")]);
    check(
        "isNaN",
        &[(&[float(f64::NAN)], "true"), (&[float(1.0)], "false")],
    );
}

#[test]
fn the_ends_of_an_empty_list_are_null_and_its_rest_is_empty() {
    let lists: [&[Value]; 2] = [&[list([])], &[list([integer(4), integer(5)])]];
    check("head", &[(lists[0], "null"), (lists[1], "4")]);
    check("last", &[(lists[0], "null"), (lists[1], "5")]);
    check("tail", &[(lists[0], "[]"), (lists[1], "[5]")]);
    check("size", &[(lists[0], "0"), (lists[1], "2")]);
    check("size", &[(&[text("añb")], "3"), (&[text("")], "0")]);
}

#[test]
fn ranges_hold_both_ends_where_the_step_meets_them() {
    let range = |first, last, step| [integer(first), integer(last), integer(step)];
    check(
        "range",
        &[
            (&range(0, 6, 3), "[0, 3, 6]"),
            (&range(0, 7, 3), "[0, 3, 6]"),
            (&range(3, 0, -2), "[3, 1]"),
            (&range(1, 0, 1), "[]"),
            (
                &range(i64::MAX - 1, i64::MAX, 1),
                "[9223372036854775806, 9223372036854775807]",
            ),
            (&range(i64::MIN, i64::MIN + 1, 2), "[-9223372036854775808]"),
        ],
    );
    assert!(call("range", &range(0, 1, 0)).is_err());
}

#[test]
fn texts_become_numbers_where_they_are_some() {
    check(
        "toInteger",
        &[
            (&[text("42")], "42"),
            (&[text("-7.9")], "-7"),
            (&[text("x")], "null"),
            (&[text("")], "null"),
        ],
    );
    check("toInteger", &[(&[float(3.9)], "3"), (&[float(-3.9)], "-3")]);
    check(
        "toFloat",
        &[(&[text("1e3")], "1000.0"), (&[text("one")], "null")],
    );
    check("toFloat", &[(&[integer(2)], "2.0")]);
    check(
        "toBoolean",
        &[
            (&[text("TRUE")], "true"),
            (&[text("false")], "false"),
            (&[text("maybe")], "null"),
        ],
    );
    check("toString", &[(&[integer(-3)], "'-3'")]);
    check(
        "toString",
        &[(&[float(1.0)], "'1.0'"), (&[float(1e21)], "'1e21'")],
    );
    check("toString", &[(&[Value::Bool(true)], "'true'")]);
    // What has no value is null, or is refused.
    check(
        "toIntegerOrNull",
        &[(&[list([])], "null"), (&[text("3")], "3")],
    );
    assert_eq!(kind("toInteger", &[list([])]), ErrorKind::InvalidQuery);
}

#[test]
fn what_is_equal_is_null_to_null_if() {
    check(
        "nullIf",
        &[
            (&[integer(1), integer(1)], "null"),
            (&[integer(1), float(1.0)], "null"),
            (&[integer(1), integer(2)], "1"),
            (&[integer(1), Value::Null], "1"),
            (&[Value::Null, integer(1)], "null"),
            (&[text("1"), integer(1)], "'1'"),
        ],
    );
}

fn date(year: i64, month: i64, day: i64) -> Value {
    let parts = [("year", year), ("month", month), ("day", day)];
    call(
        "date",
        &[map(&parts.map(|(name, own)| (name, integer(own))))],
    )
    .unwrap()
}

#[test]
fn dates_are_made_of_parts_and_refused_where_no_calendar_has_them() {
    assert_eq!(date(2024, 2, 29).to_string(), "2024-02-29");
    for (month, day) in [(2, 29), (4, 31), (13, 1), (0, 1), (1, 0)] {
        let parts = [
            ("year", integer(2023)),
            ("month", integer(month)),
            ("day", integer(day)),
        ];
        assert!(call("date", &[map(&parts)]).is_err(), "2023-{month}-{day}");
    }
    check(
        "date",
        &[
            // The first week of a year is the one with its first Thursday.
            (&[text("2021-W01-1")], "2021-01-04"),
            (&[text("2020-W53-7")], "2021-01-03"),
            (&[text("2024-366")], "2024-12-31"),
            (
                &[map(&[
                    ("year", integer(2024)),
                    ("quarter", integer(2)),
                    ("dayOfQuarter", integer(1)),
                ])],
                "2024-04-01",
            ),
        ],
    );
    assert!(call("date", &[text("2023-366")]).is_err());
    assert!(call("date", &[text("2023-02-29")]).is_err());
}

#[test]
fn the_time_between_dates_is_in_months_and_days_or_in_days_alone() {
    let (january, march) = (date(2024, 1, 31), date(2024, 3, 1));
    let between = |name: &str, from: &Value, to: &Value| {
        call(name, &[from.clone(), to.clone()]).unwrap().to_string()
    };
    assert_eq!(between("duration.between", &january, &march), "P1M1D");
    assert_eq!(between("duration.between", &march, &january), "P-1M-1D");
    assert_eq!(between("duration.inDays", &january, &march), "P30D");
    assert_eq!(between("duration.inMonths", &january, &march), "P1M");
    assert_eq!(between("duration.inSeconds", &january, &march), "PT720H");
    assert_eq!(between("duration.between", &march, &march), "PT0S");
}

#[test]
fn dates_are_cut_down_to_the_start_of_a_unit() {
    let day = date(2024, 8, 15);
    for (unit, start) in [
        ("week", "2024-08-12"),
        ("month", "2024-08-01"),
        ("quarter", "2024-07-01"),
        ("year", "2024-01-01"),
        ("decade", "2020-01-01"),
        ("century", "2000-01-01"),
        ("millennium", "2000-01-01"),
    ] {
        let found = call("date.truncate", &[text(unit), day.clone()]).unwrap();
        assert_eq!(found.to_string(), start, "{unit}");
    }
    assert!(call("date.truncate", &[text("fortnight"), day]).is_err());
}
