//! The operators that plans become.

use grism_core::{ErrorKind, Type, Value};
use grism_logical::{
    Aggregate, AggregateCall, AggregateFunction, Apply, ApplyKind, ArithmeticOperator, Column,
    Join, JoinKind, LogicalExpr, LogicalPlan, NamedExpr, PlanSchema, SharedPlan, SortKey,
};

use crate::testing::{TestGraph, known, known_integers, shown, sorted};
use crate::{ExecutionMode, PhysicalPlan, build_operators};

fn planned(plan: &LogicalPlan) -> String {
    let root = build_operators(plan).unwrap();
    PhysicalPlan::new(root, ExecutionMode::Local).display()
}

fn any(name: &str, values: &[Value]) -> LogicalPlan {
    let rows: Vec<Vec<Value>> = values.iter().map(|value| vec![value.clone()]).collect();
    known(vec![Column::new(name, Type::Any)], &rows)
}

#[tokio::test]
async fn a_sort_by_an_expression_outputs_the_columns_of_its_input() {
    let graph = TestGraph::new();
    let negated = LogicalExpr::Literal(Value::Int64(0))
        .arithmetic(ArithmeticOperator::Subtract, LogicalExpr::column("x"));
    let plan = LogicalPlan::Sort {
        input: SharedPlan::new(known_integers("x", &[Some(1), Some(3), Some(2)])),
        keys: vec![SortKey::ascending(negated)],
        fetch: None,
    };
    let root = build_operators(&plan).unwrap();
    assert!(root.schema().columns().names().eq(["x"]));
    assert_eq!(shown(&plan, &graph).await, ["3", "2", "1"]);
}

#[tokio::test]
async fn values_of_any_type_are_ordered_and_grouped_as_cypher_has_it() {
    let graph = TestGraph::new();
    let values = [
        Value::Int64(1),
        Value::String("a".to_owned()),
        Value::Float64(1.0),
        Value::Null,
        Value::Bool(true),
        Value::Null,
    ];
    let sort = LogicalPlan::Sort {
        input: SharedPlan::new(any("x", &values)),
        keys: vec![SortKey::descending(LogicalExpr::column("x"))],
        fetch: Some(3),
    };
    let first = shown(&sort, &graph).await;
    assert_eq!(first[..2], ["null", "null"]);
    // 1 and 1.0 are equal, and one of them stands for both.
    let groups = LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(any("x", &values)),
        keys: vec![NamedExpr::column("x")],
        aggregates: vec![AggregateCall::new(AggregateFunction::Count, Vec::new()).named("n")],
    });
    let mut groups = sorted(shown(&groups, &graph).await);
    groups.retain(|group| group != "1 2" && group != "1.0 2");
    assert_eq!(groups, ["'a' 1", "null 2", "true 1"]);
}

fn argument(names: &[&str]) -> LogicalPlan {
    let columns = names.iter().map(|name| Column::new(*name, Type::Int64));
    LogicalPlan::Argument(PlanSchema::new(columns.collect()))
}

fn apply(subplan: LogicalPlan, kind: ApplyKind) -> LogicalPlan {
    LogicalPlan::Apply(Apply {
        input: SharedPlan::new(known_integers("x", &[Some(1), Some(2)])),
        subplan: SharedPlan::new(subplan),
        kind,
    })
}

#[test]
fn a_subplan_that_does_not_start_from_its_rows_is_a_bug_that_is_told() {
    let plan = apply(LogicalPlan::Unit, ApplyKind::Semi);
    let error = build_operators(&plan).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
}

#[tokio::test]
async fn applies_within_applies_keep_their_rows_apart() {
    let graph = TestGraph::new();
    let items = |values: [i64; 2]| values.map(|value| LogicalExpr::Literal(Value::Int64(value)));
    let unwind = |input: LogicalPlan, values, variable: &str| LogicalPlan::Unwind {
        input: SharedPlan::new(input),
        expression: LogicalExpr::List(items(values).to_vec()),
        variable: variable.to_owned(),
    };
    let inner = LogicalPlan::Apply(Apply {
        input: SharedPlan::new(unwind(argument(&["x"]), [10, 20], "y")),
        subplan: SharedPlan::new(unwind(argument(&["x", "y"]), [7, 8], "z")),
        kind: ApplyKind::Count("n".to_owned()),
    });
    let plan = apply(inner, ApplyKind::Inner);
    assert_eq!(
        sorted(shown(&plan, &graph).await),
        ["1 10 2", "1 20 2", "2 10 2", "2 20 2"]
    );
}

#[test]
fn a_semi_join_holds_what_is_looked_up_and_streams_the_others() {
    let join = |kind| {
        planned(&LogicalPlan::Join(Join {
            kind,
            left: SharedPlan::new(known_integers("a", &[Some(1)])),
            right: SharedPlan::new(known_integers("b", &[Some(1), Some(2)])),
            on: vec![(LogicalExpr::column("a"), LogicalExpr::column("b"))],
        }))
    };
    let inputs = |plan: &str| {
        let rows = plan
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("Rows"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(inputs(&join(JoinKind::Inner)), ["Rows(1)", "Rows(2)"]);
    // The first input is the one that is held.
    assert_eq!(inputs(&join(JoinKind::Semi)), ["Rows(2)", "Rows(1)"]);
    assert_eq!(inputs(&join(JoinKind::Anti)), ["Rows(2)", "Rows(1)"]);
}

#[tokio::test]
async fn a_column_of_numbers_and_one_of_any_type_are_one_in_a_union() {
    let graph = TestGraph::new();
    let plan = LogicalPlan::Union {
        inputs: vec![
            any("x", &[Value::String("a".to_owned())]).into(),
            known_integers("x", &[Some(1)]).into(),
        ],
    };
    assert_eq!(shown(&plan, &graph).await, ["'a'", "1"]);
}
