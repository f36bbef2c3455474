//! What rules do to plans made by hand, and above all what they must leave as it is.

use grism_core::{GraphSchema, GraphStatistics, TableId, Tables, Type, Value};
use grism_functions::RAND;

use super::{Facts, RULES};
use crate::{
    Aggregate, AggregateCall, AggregateFunction, Apply, ApplyKind, ArithmeticOperator,
    BinaryOperator, Column, Direction, EdgeExpand, Fetch, Join, JoinKind, LogicalExpr, LogicalPlan,
    NamedExpr, NodeScan, PathExpand, PathMode, PathSearch, PlanSchema, PropertyRef, SharedPlan,
    SortKey,
};

/// The plan after one rule, over a graph of which nothing is known.
fn after(rule: &str, plan: &LogicalPlan) -> LogicalPlan {
    let (schema, statistics) = (GraphSchema::default(), GraphStatistics::default());
    let facts = Facts {
        schema: &schema,
        statistics: &statistics,
    };
    let rule = RULES.iter().find(|own| own.name == rule).expect("a rule");
    (rule.apply)(plan.clone(), facts).expect("a plan")
}

fn assert_kept(rule: &str, plan: &LogicalPlan) {
    assert_eq!(after(rule, plan).to_string(), plan.to_string(), "{rule}");
}

fn table(number: u16) -> TableId {
    TableId::try_new(number).expect("a table")
}

fn node() -> Type {
    Type::Node(Tables::from([table(0)]))
}

fn column(name: &str) -> LogicalExpr {
    LogicalExpr::column(name)
}

fn integer(value: i64) -> LogicalExpr {
    LogicalExpr::Literal(Value::Int64(value))
}

fn rows(names: &[&str]) -> LogicalPlan {
    let columns = names.iter().map(|name| Column::new(*name, Type::Int64));
    LogicalPlan::Argument(PlanSchema::new(columns.collect()))
}

fn scan(variable: &str) -> LogicalPlan {
    LogicalPlan::NodeScan(NodeScan {
        variable: variable.to_owned(),
        ty: node(),
        tables: Tables::from([table(0)]),
        label: "Person".to_owned(),
        properties: vec![PropertyRef {
            key: "age".to_owned(),
            ty: Type::Int64,
        }],
        predicate: Vec::new(),
        index: None,
    })
}

fn age(entity: &str) -> LogicalExpr {
    LogicalExpr::Property {
        entity: entity.to_owned(),
        key: "age".to_owned(),
        ty: Type::Int64,
    }
}

fn expand(input: LogicalPlan, from: &str, edge: Option<&str>, to: &str) -> LogicalPlan {
    LogicalPlan::EdgeExpand(EdgeExpand {
        input: SharedPlan::new(input),
        from: from.to_owned(),
        tables: Tables::from([table(1)]),
        label: "KNOWS".to_owned(),
        direction: Direction::Out,
        edge: edge.map(str::to_owned),
        to: to.to_owned(),
        to_type: node(),
        restrict: None,
        into: false,
    })
}

pub(super) fn project(input: LogicalPlan, expressions: Vec<(LogicalExpr, &str)>) -> LogicalPlan {
    let named = expressions.into_iter();
    LogicalPlan::Project {
        input: SharedPlan::new(input),
        expressions: named
            .map(|(expression, name)| expression.named(name))
            .collect(),
    }
}

fn distinct(input: LogicalPlan) -> LogicalPlan {
    LogicalPlan::Distinct {
        input: SharedPlan::new(input),
    }
}

fn limit(input: LogicalPlan, skip: usize, fetch: Option<usize>) -> LogicalPlan {
    LogicalPlan::Limit {
        input: SharedPlan::new(input),
        skip,
        fetch,
    }
}

fn sort(input: LogicalPlan, key: &str, fetch: Option<usize>) -> LogicalPlan {
    LogicalPlan::Sort {
        input: SharedPlan::new(input),
        keys: vec![SortKey::ascending(column(key))],
        fetch,
    }
}

fn counted(input: LogicalPlan, keys: &[&str], arguments: Vec<LogicalExpr>) -> LogicalPlan {
    LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(input),
        keys: keys.iter().map(|key| NamedExpr::column(*key)).collect(),
        aggregates: vec![AggregateCall::new(AggregateFunction::Count, arguments).named("n")],
    })
}

fn greater(left: LogicalExpr, right: LogicalExpr) -> LogicalExpr {
    left.binary(BinaryOperator::Greater, right)
}

/// `10 / x`, which is an error where `x` is 0.
fn may_fail(name: &str) -> LogicalExpr {
    integer(10).arithmetic(ArithmeticOperator::Divide, column(name))
}

#[test]
fn a_sort_is_told_of_the_rows_that_are_skipped_too() {
    let wanted = limit(sort(rows(&["x"]), "x", Some(5)), 2, Some(3));
    let plan = limit(sort(rows(&["x"]), "x", None), 2, Some(3));
    assert_eq!(after("limit_sort", &plan).to_string(), wanted.to_string());
    // A sort that keeps fewer goes on with those.
    let fewer = limit(sort(rows(&["x"]), "x", Some(1)), 0, Some(3));
    assert_kept("limit_sort", &fewer);
    let named = project(sort(rows(&["x"]), "x", None), vec![(column("x"), "y")]);
    let below = project(sort(rows(&["x"]), "x", Some(3)), vec![(column("x"), "y")]);
    assert_eq!(
        after("limit_sort", &limit(named, 0, Some(3))).to_string(),
        limit(below, 0, Some(3)).to_string()
    );
}

#[test]
fn a_sort_below_what_drops_rows_keeps_all_of_its_own() {
    let sorted = || sort(rows(&["x"]), "x", None);
    assert_kept("limit_sort", &limit(sorted(), 3, None));
    assert_kept("limit_sort", &limit(distinct(sorted()), 0, Some(3)));
    let filtered = sorted().filtered(vec![greater(column("x"), integer(1))]);
    assert_kept("limit_sort", &limit(filtered, 0, Some(3)));
}

fn exists(subplan: LogicalPlan, kind: ApplyKind) -> LogicalPlan {
    LogicalPlan::Apply(Apply {
        input: SharedPlan::new(rows(&["x"])),
        subplan: SharedPlan::new(subplan),
        kind,
    })
}

fn meeting(left: LogicalPlan, right: LogicalPlan, on: &[(&str, &str)]) -> LogicalPlan {
    LogicalPlan::Join(Join {
        kind: JoinKind::Inner,
        left: SharedPlan::new(left),
        right: SharedPlan::new(right),
        on: on.iter().map(|(a, b)| (column(a), column(b))).collect(),
    })
}

#[test]
fn exists_over_equal_values_is_a_semi_join_and_not_exists_an_anti_join() {
    let found = || meeting(rows(&["x"]), scan("p"), &[("x", "p.age")]);
    for (kind, join) in [
        (ApplyKind::Semi, JoinKind::Semi),
        (ApplyKind::Anti, JoinKind::Anti),
    ] {
        let plan = exists(distinct(sort(found(), "x", None)), kind);
        let LogicalPlan::Join(own) = after("semi_joins", &plan) else {
            panic!("a join");
        };
        assert_eq!(own.kind, join);
    }
    for kept in [
        // How often a row is found matters.
        exists(found(), ApplyKind::Inner),
        exists(found(), ApplyKind::Count("n".to_owned())),
        // No key; the outer row is read on both sides; only some rows are looked at.
        exists(meeting(rows(&["x"]), scan("p"), &[]), ApplyKind::Semi),
        exists(
            meeting(
                rows(&["x"]),
                expand(rows(&["x"]), "x", None, "p"),
                &[("x", "p")],
            ),
            ApplyKind::Semi,
        ),
        exists(limit(found(), 1, None), ApplyKind::Semi),
        exists(
            found().filtered(vec![greater(column("x"), integer(1))]),
            ApplyKind::Semi,
        ),
    ] {
        assert_kept("semi_joins", &kept);
    }
}

#[test]
fn predicates_go_into_scans_and_below_expansions_that_do_not_make_their_columns() {
    let plan = expand(scan("a"), "a", None, "b").filtered(vec![
        greater(age("a"), integer(30)),
        column("a").binary(BinaryOperator::NotEqual, column("b")),
    ]);
    let pushed = after("push_filters", &plan).to_string();
    let lines: Vec<&str> = pushed.lines().map(str::trim).collect();
    assert_eq!(lines.len(), 3, "{pushed}");
    assert!(
        lines[0].starts_with("Filter") && !lines[0].contains("age"),
        "{pushed}"
    );
    assert!(lines[2].contains("age > 30"), "{pushed}");
}

#[test]
fn a_predicate_that_may_fail_is_not_asked_of_rows_that_others_drop() {
    let fails = greater(may_fail("x"), integer(1));
    // The expansion may have no row for the one that would fail.
    let expanded = LogicalPlan::Unwind {
        input: SharedPlan::new(rows(&["x"])),
        expression: LogicalExpr::List(Vec::new()),
        variable: "item".to_owned(),
    };
    assert_kept("push_filters", &expanded.filtered(vec![fails.clone()]));
    // An earlier condition stays above, so that the later one does too.
    let both = project(rows(&["x"]), vec![(column("x"), "x"), (may_fail("x"), "q")])
        .filtered(vec![greater(column("q"), integer(0)), fails]);
    assert_kept("push_filters", &both);
}

#[test]
fn filters_stay_above_limits_groups_and_random_choices() {
    let large = || vec![greater(column("x"), integer(1))];
    assert_kept(
        "push_filters",
        &limit(rows(&["x"]), 0, Some(3)).filtered(large()),
    );
    assert_kept(
        "push_filters",
        &sort(rows(&["x"]), "x", Some(3)).filtered(large()),
    );
    let groups = counted(rows(&["x"]), &["x"], Vec::new());
    assert_kept(
        "push_filters",
        &groups
            .clone()
            .filtered(vec![greater(column("n"), integer(1))]),
    );
    // One on a key holds for whole groups.
    let below = counted(rows(&["x"]).filtered(large()), &["x"], Vec::new());
    assert_eq!(
        after("push_filters", &groups.filtered(large())).to_string(),
        below.to_string()
    );
    let all = counted(rows(&["x"]), &[], Vec::new());
    assert_kept(
        "push_filters",
        &all.filtered(vec![greater(column("n"), integer(1))]),
    );
    let random = greater(LogicalExpr::call(&RAND, Vec::new()), column("x"));
    let expanded = expand(scan("a"), "a", None, "b");
    assert_kept(
        "push_filters",
        &project(expanded, vec![(column("a"), "x")]).filtered(vec![random]),
    );
}

#[test]
fn equal_values_of_both_sides_are_keys_of_the_join() {
    let product = |on: &[(&str, &str)]| meeting(rows(&["a"]), rows(&["b"]), on);
    let equal = column("b").binary(BinaryOperator::Equal, column("a"));
    let joined = after("push_filters", &product(&[]).filtered(vec![equal]));
    assert_eq!(joined.to_string(), product(&[("a", "b")]).to_string());
    // Of the rows that an anti join outputs, only the left columns are known.
    let LogicalPlan::Join(join) = product(&[("a", "b")]) else {
        panic!("a join");
    };
    let anti = |left: LogicalPlan| {
        LogicalPlan::Join(Join {
            kind: JoinKind::Anti,
            left: SharedPlan::new(left),
            ..join.clone()
        })
    };
    let large = || vec![greater(column("a"), integer(1))];
    let pushed = after("push_filters", &anti(rows(&["a"])).filtered(large()));
    assert_eq!(
        pushed.to_string(),
        anti(rows(&["a"]).filtered(large())).to_string()
    );
}

#[test]
fn counted_expansions_are_lengths_and_chains_are_sums_of_products() {
    let two = expand(expand(scan("a"), "a", None, "b"), "b", None, "c");
    let plan = counted(two, &["a"], Vec::new());
    let found = after("count_expansions", &plan).to_string();
    assert_eq!(found.matches("CountExpand").count(), 1, "{found}");
    assert!(found.contains("sum("), "{found}");
}

#[test]
fn expansions_whose_columns_are_read_are_not_counted() {
    let hop = || expand(scan("a"), "a", Some("k"), "b");
    // A value of the node reached, and the node itself as key.
    assert_kept("count_expansions", &counted(hop(), &["a"], vec![age("b")]));
    assert_kept("count_expansions", &counted(hop(), &["b"], Vec::new()));
    let grown = hop().filtered(vec![greater(age("b"), integer(30))]);
    assert_kept("count_expansions", &counted(grown, &["a"], Vec::new()));
    let random = hop().filtered(vec![greater(
        LogicalExpr::call(&RAND, Vec::new()),
        column("a"),
    )]);
    assert_kept("count_expansions", &counted(random, &["a"], Vec::new()));
    let first = limit(hop(), 0, Some(10));
    assert_kept("count_expansions", &counted(first, &["a"], Vec::new()));
    // Into a bound node there may be no edge at all.
    let LogicalPlan::EdgeExpand(own) = hop() else {
        panic!("an expansion");
    };
    let into = LogicalPlan::EdgeExpand(EdgeExpand {
        input: SharedPlan::new(meeting(scan("a"), scan("b"), &[])),
        into: true,
        ..own
    });
    assert_kept("count_expansions", &counted(into, &["a"], Vec::new()));
}

fn path(input: LogicalPlan, least: u64, mode: PathMode, nodes: Option<&str>) -> LogicalPlan {
    LogicalPlan::PathExpand(PathExpand {
        input: SharedPlan::new(input),
        from: "a".to_owned(),
        tables: Tables::from([table(1)]),
        label: "KNOWS".to_owned(),
        direction: Direction::Out,
        least,
        most: None,
        search: PathSearch::Trails,
        mode,
        properties: Vec::new(),
        target: None,
        edges: None,
        nodes: nodes.map(str::to_owned),
        length: None,
        to: "b".to_owned(),
        to_type: node(),
        restrict: None,
    })
}

#[test]
fn paths_whose_ends_are_wanted_once_are_searched_for_ends() {
    let ends = |plan: LogicalPlan| distinct(project(plan, vec![(column("b"), "b")]));
    let search = |plan: &LogicalPlan| {
        let mut plan = after("drop_duplicates", plan);
        loop {
            if let LogicalPlan::PathExpand(own) = &plan {
                return own.search;
            }
            plan = (**plan.inputs()[0]).clone();
        }
    };
    let trail = |least| path(scan("a"), least, PathMode::Trail, None);
    assert_eq!(search(&ends(trail(1))), PathSearch::Reach);
    for kept in [
        // A path of two hops and more may lead where a shorter one does.
        ends(trail(2)),
        ends(path(scan("a"), 1, PathMode::Acyclic, None)),
        ends(path(scan("a"), 1, PathMode::Trail, Some("nodes"))),
        // Every path counts.
        project(trail(1), vec![(column("b"), "b")]),
        counted(trail(1), &["b"], Vec::new()),
        distinct(limit(trail(1), 0, Some(5))),
        distinct(project(
            trail(1),
            vec![(LogicalExpr::call(&RAND, Vec::new()), "r")],
        )),
    ] {
        assert_eq!(search(&kept), PathSearch::Trails, "{kept}");
    }
}

/// An aggregate of different values of `argument` by `key`, over people.
fn different_of(key: LogicalExpr, argument: LogicalExpr) -> LogicalPlan {
    let call = AggregateCall::distinct(AggregateFunction::Count, vec![argument]);
    LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(expand(scan("a"), "a", None, "b")),
        keys: vec![key.named("k")],
        aggregates: vec![call.named("n")],
    })
}

#[test]
fn different_values_of_groups_are_found_below_a_plain_aggregate() {
    let LogicalPlan::Aggregate(above) =
        after("split_distinct", &different_of(age("a"), column("b")))
    else {
        panic!("an aggregate");
    };
    assert!(above.aggregates.iter().all(|own| !own.call.distinct));
    let LogicalPlan::Aggregate(below) = &*above.input else {
        panic!("an aggregate below");
    };
    assert_eq!((below.keys.len(), below.aggregates.len()), (2, 0));
}

#[test]
fn different_values_whose_equal_ones_differ_stay_where_they_are() {
    let score = |entity: &str| LogicalExpr::Property {
        entity: entity.to_owned(),
        key: "score".to_owned(),
        ty: Type::Float64,
    };
    assert_kept("split_distinct", &different_of(age("a"), score("b")));
    assert_kept("split_distinct", &different_of(score("a"), column("b")));
    let random = LogicalExpr::call(&RAND, Vec::new());
    assert_kept("split_distinct", &different_of(age("a"), random));
    let plain = counted(scan("a"), &["a"], vec![age("a")]);
    assert_kept("split_distinct", &plain);
}

fn fetch(input: LogicalPlan, entity: &str, ty: Type) -> LogicalPlan {
    LogicalPlan::Fetch(Fetch {
        input: SharedPlan::new(input),
        entity: entity.to_owned(),
        tables: Tables::from([table(0)]),
        properties: vec![PropertyRef {
            key: "x".to_owned(),
            ty,
        }],
    })
}

#[test]
fn a_number_is_fetched_before_an_expansion_and_a_text_after_it() {
    let steps = |input| expand(expand(input, "a", None, "b"), "b", None, "c");
    let pushed = after("push_fetches", &fetch(steps(scan("a")), "a", Type::Int64));
    let wanted = steps(fetch(scan("a"), "a", Type::Int64));
    assert_eq!(pushed.to_string(), wanted.to_string());
    let texts = fetch(steps(scan("a")), "a", Type::String);
    assert_kept("push_fetches", &texts);
    let of_the_end = fetch(steps(scan("a")), "c", Type::Int64);
    assert_kept("push_fetches", &of_the_end);
    // What is fetched of the end stays above what is fetched of the start.
    let both = fetch(fetch(steps(scan("a")), "c", Type::Int64), "a", Type::Int64);
    let wanted = fetch(wanted, "c", Type::Int64);
    assert_eq!(after("push_fetches", &both).to_string(), wanted.to_string());
}

#[test]
fn groups_stay_where_an_entity_comes_about_once() {
    // Nothing is known of the graph, so that no entity is expected to come twice.
    let input = expand(scan("a"), "a", None, "b");
    let by_property = LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(input),
        keys: vec![age("b").named("k")],
        aggregates: Vec::new(),
    });
    assert_kept("group_entities", &by_property);
}

#[test]
fn values_that_are_less_than_others_hold_their_entities_apart() {
    let apart = |operator| age("a").binary(operator, age("b"));
    let differ = || column("a").binary(BinaryOperator::NotEqual, column("b"));
    let either = || LogicalExpr::any([differ(), greater(integer(1), integer(2))]);
    let people = || expand(scan("a"), "a", None, "b");
    for operator in [BinaryOperator::Less, BinaryOperator::NotEqual] {
        let wanted = people().filtered(vec![apart(operator)]);
        for test in [differ(), either()] {
            let plan = people().filtered(vec![test, apart(operator)]);
            let rewritten = after("drop_implied_uniqueness", &plan);
            assert_eq!(rewritten.to_string(), wanted.to_string());
        }
    }
    let equal_or_less = people().filtered(vec![differ(), apart(BinaryOperator::LessOrEqual)]);
    assert_kept("drop_implied_uniqueness", &equal_or_less);
    // Not-a-number differs from itself.
    let score = |entity: &str| LogicalExpr::Property {
        entity: entity.to_owned(),
        key: "score".to_owned(),
        ty: Type::Float64,
    };
    let floats = score("a").binary(BinaryOperator::NotEqual, score("b"));
    let plan = people().filtered(vec![differ(), floats]);
    assert_kept("drop_implied_uniqueness", &plan);
}
