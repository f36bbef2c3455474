//! Grouping: against a fold over the same rows, in one phase and in two.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{EntityId, Tables, Type, Value};
use grism_logical::{
    Aggregate, AggregateCall, AggregateFunction, Column, LogicalExpr, LogicalPlan, NamedExpr, Rows,
    SharedPlan,
};

use crate::operators::RowsExec;
use crate::testing::{
    Random, TestGraph, batches_of, context, known, known_integers, known_nodes, rows_of, rows_with,
    shown, sorted, texts,
};
use crate::{Leaf, PhysicalOperator, build_operators, run};

fn call(function: AggregateFunction, argument: &str) -> AggregateCall {
    AggregateCall::new(function, vec![LogicalExpr::column(argument)])
}

fn grouped(input: LogicalPlan, keys: &[&str], calls: Vec<(AggregateCall, &str)>) -> LogicalPlan {
    let keys = keys.iter().map(|key| NamedExpr::column(*key));
    LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(input),
        keys: keys.collect(),
        aggregates: calls
            .into_iter()
            .map(|(call, name)| call.named(name))
            .collect(),
    })
}

/// Every aggregate that merges, over the column `x`.
fn all_calls() -> Vec<(AggregateCall, &'static str)> {
    let distinct =
        AggregateCall::distinct(AggregateFunction::Count, vec![LogicalExpr::column("x")]);
    vec![
        (
            AggregateCall::new(AggregateFunction::Count, Vec::new()),
            "rows",
        ),
        (call(AggregateFunction::Count, "x"), "values"),
        (distinct, "different"),
        (call(AggregateFunction::Sum, "x"), "sum"),
        (call(AggregateFunction::Min, "x"), "min"),
        (call(AggregateFunction::Max, "x"), "max"),
        (call(AggregateFunction::Avg, "x"), "avg"),
    ]
}

fn random_rows(random: &mut Random, count: usize) -> Vec<Vec<Value>> {
    let mut value = |limit: u64| match random.below(limit) {
        0 => Value::Null,
        own => Value::Int64(own as i64 - 2),
    };
    (0..count).map(|_| vec![value(4), value(9)]).collect()
}

fn random_plan(rows: &[Vec<Value>]) -> LogicalPlan {
    let columns = vec![Column::new("k", Type::Int64), Column::new("x", Type::Int64)];
    known(columns, rows)
}

/// What [`all_calls`] give by the key `k`, from a fold over the rows.
fn folded(rows: &[Vec<Value>]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        groups.entry(row[0].to_string()).or_default().push(&row[1]);
    }
    let lines = groups.into_iter().map(|(key, values)| {
        let mut integers: Vec<i64> = values
            .iter()
            .filter_map(|value| match value {
                Value::Int64(own) => Some(*own),
                _ => None,
            })
            .collect();
        integers.sort_unstable();
        let (count, sum) = (integers.len(), integers.iter().sum::<i64>());
        let (least, greatest) = (integers.first().copied(), integers.last().copied());
        integers.dedup();
        let shown = |value: Option<i64>| value.map_or("null".to_owned(), |own| own.to_string());
        let mean = match count {
            0 => "null".to_owned(),
            _ => format!("{:?}", sum as f64 / count as f64),
        };
        format!(
            "{key} {} {count} {} {sum} {} {} {mean}",
            values.len(),
            integers.len(),
            shown(least),
            shown(greatest)
        )
    });
    sorted(lines.collect())
}

/// The operator over other rows at its only leaf.
fn over(
    operator: &Arc<dyn PhysicalOperator>,
    leaf: &Arc<dyn PhysicalOperator>,
) -> Arc<dyn PhysicalOperator> {
    match operator.children()[..] {
        [] => Arc::clone(leaf),
        [child] => operator.over_inputs(vec![over(child, leaf)]).unwrap(),
        _ => panic!("one leaf"),
    }
}

/// Runs the first phase of `plan` for each of `parts`, and the second one over all of their outputs.
async fn in_two_phases(
    plan: &LogicalPlan,
    graph: &TestGraph,
    parts: &[LogicalPlan],
) -> Vec<Vec<Value>> {
    let mut root = build_operators(plan).unwrap();
    // Columns are made plain above the aggregation.
    while root.phases().unwrap().is_none() {
        let child = Arc::clone(root.children()[0]);
        root = child;
    }
    let phases = root.phases().unwrap().unwrap();
    let mut states = Vec::new();
    for part in parts {
        let leaf = build_operators(part).unwrap();
        let local = over(&phases.local, &leaf);
        let stream = run(&local, &context(graph, batches_of(3))).unwrap();
        states.extend(stream.try_collect::<Vec<_>>().await.unwrap());
    }
    let schema = phases.local.schema().clone();
    let states = RowsExec::new(None, Rows::new(states), schema).into_operator();
    let whole = phases.global.unwrap().over_inputs(vec![states]).unwrap();
    rows_of(&whole, graph, batches_of(3)).await.unwrap()
}

#[tokio::test]
async fn groups_are_what_a_fold_over_their_rows_gives() {
    let graph = TestGraph::new();
    let mut random = Random::new(21);
    for count in [0, 1, 5, 80] {
        let rows = random_rows(&mut random, count);
        let plan = grouped(random_plan(&rows), &["k"], all_calls());
        let wanted = folded(&rows);
        let whole = sorted(texts(&rows_with(&plan, &graph, 7).await));
        assert_eq!(whole, wanted);
        let (first, second) = rows.split_at(rows.len() / 3);
        let parts = [random_plan(first), random_plan(&[]), random_plan(second)];
        let merged = in_two_phases(&plan, &graph, &parts).await;
        assert_eq!(sorted(texts(&merged)), wanted);
    }
}

/// Aggregates that are held by the codes of keys.
fn coded_calls() -> Vec<(AggregateCall, &'static str)> {
    vec![
        (
            AggregateCall::new(AggregateFunction::Count, Vec::new()),
            "rows",
        ),
        (call(AggregateFunction::Count, "x"), "values"),
        (call(AggregateFunction::Sum, "x"), "sum"),
        (call(AggregateFunction::Avg, "x"), "avg"),
    ]
}

/// What [`coded_calls`] give by all columns but the last, `x`, from a fold over the rows.
fn folded_by_all(rows: &[Vec<Value>]) -> Vec<String> {
    let mut groups: BTreeMap<String, (usize, Vec<f64>)> = BTreeMap::new();
    for row in rows {
        let (x, key) = row.split_last().unwrap();
        let group = groups.entry(texts(&[key.to_vec()]).remove(0)).or_default();
        group.0 += 1;
        match x {
            Value::Int64(own) => group.1.push(*own as f64),
            Value::Float64(own) => group.1.push(*own),
            _ => {}
        }
    }
    let is_float = rows
        .iter()
        .any(|row| matches!(row.last(), Some(Value::Float64(_))));
    let lines = groups.into_iter().map(|(key, (count, values))| {
        let sum = values.iter().fold(0.0, |all, own| all + own);
        let sum_text = match is_float {
            true => format!("{sum:?}"),
            false => format!("{sum:.0}"),
        };
        let mean = match values.len() {
            0 => "null".to_owned(),
            count => format!("{:?}", sum / count as f64),
        };
        format!("{key} {count} {} {sum_text} {mean}", values.len())
    });
    sorted(lines.collect())
}

#[tokio::test]
async fn groups_by_several_numbers_are_what_a_fold_over_their_rows_gives() {
    let mut graph = TestGraph::new();
    let small = graph.nodes("S", "v", &[Value::Int64(0), Value::Int64(1)]);
    let large = graph.nodes("L", "v", &vec![Value::Int64(0); 300]);
    let tables = Tables::from([small, large]);
    let mut random = Random::new(5);
    for (count, ty) in [(0, Type::Int64), (7, Type::Float64), (900, Type::Int64)] {
        let rows: Vec<Vec<Value>> = (0..count)
            .map(|_| {
                let node = match random.below(5) {
                    0 => Value::Null,
                    1 => Value::node(EntityId::new(small, random.below(2)).raw()),
                    _ => Value::node(EntityId::new(large, random.below(300)).raw()),
                };
                let integer = match random.below(4) {
                    0 => Value::Null,
                    1 => Value::Int64(i64::MIN),
                    _ => Value::Int64(-1),
                };
                let flag = match random.below(3) {
                    0 => Value::Null,
                    own => Value::Bool(own == 1),
                };
                let x = match (random.below(4), &ty) {
                    (0, _) => Value::Null,
                    (own, Type::Float64) => Value::Float64(own as f64 / 2.0),
                    (own, _) => Value::Int64(own as i64),
                };
                vec![node, integer, flag, x]
            })
            .collect();
        let plan_of = |rows: &[Vec<Value>], keys: &[&str]| {
            let columns = vec![
                Column::new("n", Type::Node(Tables::clone(&tables))),
                Column::new("i", Type::Int64),
                Column::new("b", Type::Bool),
                Column::new("x", ty.clone()),
            ];
            grouped(known(columns, rows), keys, coded_calls())
        };
        // Codes of 11 bits, and of 41 and 43 that are widened, since the integers lie far from each other.
        for (keys, kept) in [
            (&["n", "b"][..], &[0, 2, 3][..]),
            (&["n", "i"], &[0, 1, 3]),
            (&["n", "i", "b"], &[0, 1, 2, 3]),
        ] {
            let only = |row: &Vec<Value>| kept.iter().map(|at| row[*at].clone()).collect();
            let wanted = folded_by_all(&rows.iter().map(only).collect::<Vec<_>>());
            let plan = plan_of(&rows, keys);
            let whole = sorted(texts(&rows_with(&plan, &graph, 64).await));
            assert_eq!(whole, wanted, "by {keys:?}");
            let (first, second) = rows.split_at(rows.len() / 3);
            let input = |rows: &[Vec<Value>]| match plan_of(rows, keys) {
                LogicalPlan::Aggregate(own) => own.input.into_plan(),
                _ => panic!("an aggregate"),
            };
            let parts = [input(first), input(&[]), input(second)];
            let merged = in_two_phases(&plan, &graph, &parts).await;
            assert_eq!(sorted(texts(&merged)), wanted, "by {keys:?}, in phases");
        }
    }
}

#[tokio::test]
async fn groups_that_memory_does_not_hold_are_spilled() {
    let graph = TestGraph::new();
    let mut random = Random::new(9);
    let rows: Vec<Vec<Value>> = (0..60_000)
        .map(|_| {
            let key = Value::Int64(random.below(40_000) as i64);
            vec![key, Value::Int64(random.below(9) as i64)]
        })
        .collect();
    let columns = vec![Column::new("k", Type::Int64), Column::new("x", Type::Int64)];
    let plan = grouped(known(columns, &rows), &["k"], coded_calls());
    let root = build_operators(&plan).unwrap();
    // The groups take more than 3 MiB.
    let limited = batches_of(1024).with_memory_limit(2 << 20);
    let found = rows_of(&root, &graph, limited).await.unwrap();
    assert_eq!(sorted(texts(&found)), folded_by_all(&rows));
}

#[tokio::test]
async fn an_entity_that_came_after_the_statistics_has_a_group() {
    let mut graph = TestGraph::new();
    let table = graph.nodes("N", "v", &[Value::Int64(0)]);
    let node = |offset| Some(EntityId::new(table, offset).raw());
    let nodes = known_nodes("n", &[table], &[node(0), node(7), None, node(0), node(7)]);
    let count = AggregateCall::new(AggregateFunction::Count, Vec::new());
    let plan = grouped(nodes, &["n"], vec![(count, "rows")]);
    let found = sorted(texts(&rows_with(&plan, &graph, 2).await));
    let name = |offset| format!("{}:{offset} 2", table.get());
    assert_eq!(found, sorted(vec![name(0), name(7), "null 1".to_owned()]));
}

#[tokio::test]
async fn without_keys_there_is_one_group_even_of_no_rows() {
    let graph = TestGraph::new();
    let mut calls = all_calls();
    calls.push((call(AggregateFunction::Collect, "x"), "list"));
    let plan = |input| grouped(input, &[], calls.clone());
    let none = plan(known_integers("x", &[]));
    assert_eq!(shown(&none, &graph).await, ["0 0 0 0 null null null []"]);
    let nulls = plan(known_integers("x", &[None, None]));
    assert_eq!(shown(&nulls, &graph).await, ["2 0 0 0 null null null []"]);
    let parts = [known_integers("x", &[]), known_integers("x", &[])];
    let merged = in_two_phases(&none, &graph, &parts).await;
    assert_eq!(texts(&merged), ["0 0 0 0 null null null []"]);
    let parts = [
        known_integers("x", &[Some(2)]),
        known_integers("x", &[Some(4), None]),
    ];
    let merged = in_two_phases(&none, &graph, &parts).await;
    assert_eq!(texts(&merged), ["3 2 2 6 2 4 3.0 [2 4]"]);
}

#[tokio::test]
async fn values_that_are_distinct_in_each_part_are_counted_once_over_all() {
    let graph = TestGraph::new();
    let distinct = |function| AggregateCall::distinct(function, vec![LogicalExpr::column("x")]);
    let calls = vec![
        (distinct(AggregateFunction::Count), "different"),
        (distinct(AggregateFunction::Sum), "sum"),
    ];
    let plan = grouped(known_integers("x", &[]), &[], calls);
    let parts = [
        known_integers("x", &[Some(1), Some(2), Some(1)]),
        known_integers("x", &[Some(2), None, Some(4)]),
    ];
    assert_eq!(texts(&in_two_phases(&plan, &graph, &parts).await), ["3 7"]);
}

#[tokio::test]
async fn sums_past_the_integers_on_the_way_are_right_where_the_end_fits() {
    let graph = TestGraph::new();
    let rows = known_integers("x", &[Some(i64::MAX), Some(1), Some(-5)]);
    let sum = grouped(rows, &[], vec![(call(AggregateFunction::Sum, "x"), "sum")]);
    let wanted = (i64::MAX - 4).to_string();
    assert_eq!(shown(&sum, &graph).await, [wanted.as_str()]);
    let parts = [
        known_integers("x", &[Some(i64::MAX), Some(i64::MAX)]),
        known_integers("x", &[Some(-i64::MAX), Some(-4)]),
    ];
    assert_eq!(texts(&in_two_phases(&sum, &graph, &parts).await), [wanted]);
    let rows = known_integers("x", &[Some(i64::MAX), Some(1)]);
    let sum = grouped(rows, &[], vec![(call(AggregateFunction::Sum, "x"), "sum")]);
    let root = build_operators(&sum).unwrap();
    let error = rows_of(&root, &graph, batches_of(8)).await.unwrap_err();
    assert_eq!(error.kind(), grism_core::ErrorKind::InvalidData, "{error}");
}

#[tokio::test]
async fn floats_that_are_equal_are_one_group() {
    let graph = TestGraph::new();
    let zero_and_nan = [0.0, -0.0, f64::NAN, -f64::NAN];
    let rows: Vec<Vec<Value>> = zero_and_nan.map(|own| vec![Value::Float64(own)]).to_vec();
    let plan = grouped(
        known(vec![Column::new("k", Type::Float64)], &rows),
        &["k"],
        vec![(
            AggregateCall::new(AggregateFunction::Count, Vec::new()),
            "n",
        )],
    );
    assert_eq!(sorted(shown(&plan, &graph).await), ["0.0 2", "NaN 2"]);
}

#[tokio::test]
async fn different_rows_come_once_nulls_among_them() {
    let graph = TestGraph::new();
    let rows = known_integers("x", &[Some(1), None, Some(1), None, Some(2)]);
    let plan = LogicalPlan::Distinct {
        input: SharedPlan::new(rows),
    };
    assert_eq!(sorted(shown(&plan, &graph).await), ["1", "2", "null"]);
    // Of rows without columns there is one, where there is any.
    let unit = |rows| LogicalPlan::Distinct {
        input: SharedPlan::new(LogicalPlan::Project {
            input: SharedPlan::new(known_integers("x", rows)),
            expressions: Vec::new(),
        }),
    };
    assert_eq!(rows_with(&unit(&[None, None]), &graph, 8).await.len(), 1);
    assert_eq!(rows_with(&unit(&[]), &graph, 8).await.len(), 0);
}
