//! Joins and subqueries over known rows.

use grism_core::{Type, Value};
use grism_logical::{
    Aggregate, AggregateCall, AggregateFunction, Apply, ApplyKind, BinaryOperator, Column, Join,
    JoinKind, LogicalExpr, LogicalPlan, PlanSchema, SharedPlan,
};

use crate::testing::{TestGraph, known, known_integers, rows_with, shown, sorted, texts};
use crate::{SubplanRuns, build_operators};

/// For each row: the items 1, 2 and 3 that are not above its `x`.
fn items_up_to_x() -> LogicalPlan {
    let items = (1..=3).map(|item| LogicalExpr::Literal(Value::Int64(item)));
    let unwound = LogicalPlan::Unwind {
        input: SharedPlan::new(LogicalPlan::Argument(PlanSchema::new(vec![Column::new(
            "x",
            Type::Int64,
        )]))),
        expression: LogicalExpr::List(items.collect()),
        variable: "item".to_owned(),
    };
    let small =
        LogicalExpr::column("item").binary(BinaryOperator::LessOrEqual, LogicalExpr::column("x"));
    unwound.filtered(vec![small])
}

fn apply(outer: &[Option<i64>], subplan: LogicalPlan, kind: ApplyKind) -> LogicalPlan {
    LogicalPlan::Apply(Apply {
        input: SharedPlan::new(known_integers("x", outer)),
        subplan: SharedPlan::new(subplan),
        kind,
    })
}

#[tokio::test]
async fn a_subquery_gives_what_its_kind_says_for_each_row() {
    let graph = TestGraph::new();
    let outer = [Some(2), Some(0), None, Some(9), Some(2)];
    let collect = ApplyKind::Collect {
        value: "item".to_owned(),
        into: "items".to_owned(),
    };
    let kinds: [(ApplyKind, &[&str]); 7] = [
        (
            ApplyKind::Inner,
            &["2 1", "2 1", "2 2", "2 2", "9 1", "9 2", "9 3"],
        ),
        (
            ApplyKind::Optional,
            &[
                "0 null",
                "2 1",
                "2 1",
                "2 2",
                "2 2",
                "9 1",
                "9 2",
                "9 3",
                "null null",
            ],
        ),
        (ApplyKind::Semi, &["2", "2", "9"]),
        (ApplyKind::Anti, &["0", "null"]),
        (
            ApplyKind::Mark("found".to_owned()),
            &["0 false", "2 true", "2 true", "9 true", "null false"],
        ),
        (
            ApplyKind::Count("count".to_owned()),
            &["0 0", "2 2", "2 2", "9 3", "null 0"],
        ),
        (
            collect,
            &["0 []", "2 [1 2]", "2 [1 2]", "9 [1 2 3]", "null []"],
        ),
    ];
    for (kind, wanted) in kinds {
        let plan = apply(&outer, items_up_to_x(), kind.clone());
        let runs = build_operators(&plan).unwrap();
        assert_eq!(runs.subplan_runs(), SubplanRuns::ForAllRows);
        for batch_rows in [1, 2, 100] {
            let rows = rows_with(&plan, &graph, batch_rows).await;
            assert_eq!(
                sorted(texts(&rows)),
                wanted,
                "{kind:?}, batches of {batch_rows} rows"
            );
        }
    }
}

#[tokio::test]
async fn a_subquery_that_mixes_rows_runs_for_each_row_alone() {
    let graph = TestGraph::new();
    let count = LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(items_up_to_x()),
        keys: Vec::new(),
        aggregates: vec![AggregateCall::new(AggregateFunction::Count, Vec::new()).named("n")],
    });
    let plan = apply(&[Some(2), None, Some(1)], count, ApplyKind::Inner);
    let root = build_operators(&plan).unwrap();
    assert_eq!(root.subplan_runs(), SubplanRuns::ForEachRow);
    assert_eq!(sorted(shown(&plan, &graph).await), ["1 1", "2 2", "null 0"]);
    let first = LogicalPlan::Limit {
        input: SharedPlan::new(items_up_to_x()),
        skip: 1,
        fetch: Some(1),
    };
    let plan = apply(&[Some(3), Some(1), Some(2)], first, ApplyKind::Optional);
    assert_eq!(sorted(shown(&plan, &graph).await), ["1 null", "2 2", "3 2"]);
}

fn pairs(names: [&str; 2], rows: &[[Option<i64>; 2]]) -> LogicalPlan {
    let columns = names.map(|name| Column::new(name, Type::Int64));
    let value = |own: Option<i64>| own.map_or(Value::Null, Value::Int64);
    let rows: Vec<Vec<Value>> = rows.iter().map(|row| row.map(value).to_vec()).collect();
    known(columns.to_vec(), &rows)
}

fn join(kind: JoinKind, on: &[(&str, &str)]) -> LogicalPlan {
    let left = [
        [Some(1), Some(10)],
        [Some(1), Some(11)],
        [Some(2), Some(12)],
        [None, Some(13)],
    ];
    let right = [
        [Some(1), Some(20)],
        [Some(1), Some(10)],
        [None, Some(21)],
        [Some(3), Some(12)],
    ];
    let column = |name: &str| LogicalExpr::column(name);
    LogicalPlan::Join(Join {
        kind,
        left: SharedPlan::new(pairs(["a", "b"], &left)),
        right: SharedPlan::new(pairs(["c", "d"], &right)),
        on: on.iter().map(|(a, c)| (column(a), column(c))).collect(),
    })
}

#[tokio::test]
async fn rows_with_equal_keys_are_joined_and_nulls_are_equal_to_nothing() {
    let graph = TestGraph::new();
    let found = async |kind, on: &[(&str, &str)]| sorted(shown(&join(kind, on), &graph).await);
    assert_eq!(
        found(JoinKind::Inner, &[("a", "c")]).await,
        ["1 10 1 10", "1 10 1 20", "1 11 1 10", "1 11 1 20"]
    );
    assert_eq!(
        found(JoinKind::Inner, &[("a", "c"), ("b", "d")]).await,
        ["1 10 1 10"]
    );
    // Each left row once, however many partners it has.
    assert_eq!(found(JoinKind::Semi, &[("a", "c")]).await, ["1 10", "1 11"]);
    assert_eq!(
        found(JoinKind::Anti, &[("a", "c")]).await,
        ["2 12", "null 13"]
    );
}

#[tokio::test]
async fn a_join_without_keys_is_the_product() {
    let graph = TestGraph::new();
    let all = shown(&join(JoinKind::Inner, &[]), &graph).await;
    assert_eq!(all.len(), 16);
    assert!(all.contains(&"null 13 3 12".to_owned()));
}
