//! Sorting: against a stable sort of the same rows, whole and in runs.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicUsize};

use arrow::array::Int64Array;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{ErrorKind, GraphStatistics, Result, TableId, Tables, Type, Value, total_order};
use grism_logical::{
    Column, LogicalExpr, LogicalPlan, NodeScan, PlanSchema, PropertyRef, SharedPlan, SortKey,
    property_column,
};
use serde::{Deserialize, Serialize};

use super::ParallelExec;
use crate::testing::{Random, TestGraph, batches_of, context, known, rows_of, rows_with, shown};
use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, ReadOrder,
    RecordBatchStream, RuntimeConfig, build_operators, run,
};

fn sort(input: LogicalPlan, keys: &[(&str, bool)], fetch: Option<usize>) -> LogicalPlan {
    let key = |(name, descending): &(&str, bool)| SortKey {
        expression: LogicalExpr::column(*name),
        descending: *descending,
    };
    LogicalPlan::Sort {
        input: SharedPlan::new(input),
        keys: keys.iter().map(key).collect(),
        fetch,
    }
}

fn floats(values: &[Value]) -> LogicalPlan {
    let rows: Vec<Vec<Value>> = values.iter().map(|value| vec![value.clone()]).collect();
    known(vec![Column::new("x", Type::Float64)], &rows)
}

#[tokio::test]
async fn nulls_come_last_and_first_where_the_order_is_turned_round() {
    let graph = TestGraph::new();
    let values = [
        Value::Null,
        Value::Float64(f64::NAN),
        Value::Float64(2.5),
        Value::Float64(f64::INFINITY),
        Value::Float64(-1.0),
    ];
    let ascending = sort(floats(&values), &[("x", false)], None);
    assert_eq!(
        shown(&ascending, &graph).await,
        ["-1.0", "2.5", "inf", "NaN", "null"]
    );
    let descending = sort(floats(&values), &[("x", true)], None);
    assert_eq!(
        shown(&descending, &graph).await,
        ["null", "NaN", "inf", "2.5", "-1.0"]
    );
    let first = sort(floats(&values), &[("x", true)], Some(2));
    assert_eq!(shown(&first, &graph).await, ["null", "NaN"]);
}

/// Rows of two keys with few values, and a number of their own.
fn random_rows(random: &mut Random, count: u64) -> Vec<Vec<Value>> {
    let row = |number| {
        let a = match random.below(4) {
            0 => Value::Null,
            own => Value::Int64(own as i64),
        };
        let b = match random.below(4) {
            0 => Value::Null,
            own => Value::String(own.to_string()),
        };
        vec![a, b, Value::Int64(number as i64)]
    };
    (0..count).map(row).collect()
}

fn random_plan(rows: &[Vec<Value>]) -> LogicalPlan {
    let columns = vec![
        Column::new("a", Type::Int64),
        Column::new("b", Type::String),
        Column::new("number", Type::Int64),
    ];
    known(columns, rows)
}

fn compared(a: &[Value], b: &[Value], keys: &[(usize, bool)]) -> Ordering {
    let each = keys.iter().map(|(place, descending)| {
        let order = total_order(&a[*place], &b[*place]);
        if *descending { order.reverse() } else { order }
    });
    each.fold(Ordering::Equal, Ordering::then)
}

/// The names of the columns at these places.
fn names(keys: &[(usize, bool)]) -> Vec<(&'static str, bool)> {
    let name = |(place, descending): &(usize, bool)| (["a", "b", "number"][*place], *descending);
    keys.iter().map(name).collect()
}

const KEYS: [&[(usize, bool)]; 4] = [
    &[(0, false), (1, false), (2, false)],
    &[(1, true), (0, false), (2, true)],
    &[(0, true), (2, false)],
    &[(2, true)],
];

#[tokio::test]
async fn rows_are_ordered_by_one_key_after_the_other() {
    let graph = TestGraph::new();
    let mut random = Random::new(5);
    for count in [0, 1, 2, 50] {
        let rows = random_rows(&mut random, count);
        for keys in KEYS {
            let mut wanted = rows.clone();
            wanted.sort_by(|a, b| compared(a, b, keys));
            for fetch in [None, Some(1), Some(7), Some(1000)] {
                let plan = sort(random_plan(&rows), &names(keys), fetch);
                let found = rows_with(&plan, &graph, 8).await;
                let first = fetch.unwrap_or(usize::MAX).min(wanted.len());
                assert_eq!(
                    found,
                    wanted[..first],
                    "{count} rows by {keys:?}, {fetch:?}"
                );
            }
        }
    }
}

/// Nodes with their property `number`, which threads share piece by piece.
fn scan(table: TableId) -> LogicalPlan {
    LogicalPlan::NodeScan(NodeScan {
        variable: "n".to_owned(),
        ty: Type::Node(Tables::from([table])),
        tables: Tables::from([table]),
        label: "Person".to_owned(),
        properties: vec![PropertyRef {
            key: "number".to_owned(),
            ty: Type::Int64,
        }],
        predicate: Vec::new(),
        index: None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_several_threads_are_merged_to_the_sorted_rows() {
    let mut random = Random::new(9);
    let numbers: Vec<Value> = (0..60)
        .map(|_| match random.below(20) {
            0 => Value::Null,
            own => Value::Int64(own as i64),
        })
        .collect();
    let mut graph = TestGraph::new();
    let table = graph.nodes("Person", "number", &numbers);
    let key = property_column("n", "number");
    for descending in [false, true] {
        let mut wanted = numbers.clone();
        wanted.sort_by(total_order);
        if descending {
            wanted.reverse();
        }
        for fetch in [None, Some(1), Some(25)] {
            let root =
                build_operators(&sort(scan(table), &[(key.as_str(), descending)], fetch)).unwrap();
            let phases = root.phases().unwrap().unwrap();
            let order = ReadOrder::of(&phases.between.ordering);
            assert_ne!(order, ReadOrder::Sequential);
            let runs = ParallelExec::over(phases.local, 3, order).unwrap();
            let merged = match phases.global {
                Some(global) => global.over_inputs(vec![runs]).unwrap(),
                None => runs,
            };
            let found = rows_of(&merged, &graph, alone(4, 0)).await.unwrap();
            let found: Vec<Value> = found.into_iter().map(|mut row| row.remove(1)).collect();
            let first = fetch.unwrap_or(usize::MAX).min(wanted.len());
            assert_eq!(
                found,
                wanted[..first],
                "descending: {descending}, {fetch:?}"
            );
        }
    }
}

/// Settings with batches of this many rows, by which other threads start after so many microseconds.
fn alone(batch_rows: usize, alone_micros: u64) -> RuntimeConfig {
    RuntimeConfig {
        alone_micros,
        ..batches_of(batch_rows)
    }
}

/// A leaf of many pieces, each of which is a row, that counts how many threads run it.
#[derive(Debug, Serialize, Deserialize)]
struct PiecesExec {
    pieces: usize,
    /// Whether the first row has to be waited for, as that of a file.
    waits: bool,
    #[serde(skip)]
    runs: Arc<AtomicUsize>,
}

#[typetag::serde]
impl Leaf for PiecesExec {
    fn name(&self) -> &'static str {
        "PiecesExec"
    }

    fn schema(&self) -> PhysicalSchema {
        PlanSchema::new(vec![Column::new("n", Type::Int64)]).into()
    }

    fn properties(&self, _: &GraphStatistics) -> PlanProperties {
        PlanProperties::of(Distribution::Split)
    }

    fn describe(&self) -> String {
        format!("Pieces({})", self.pieces)
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        self.runs.fetch_add(1, atomic::Ordering::Relaxed);
        let (schema, waits) = (schema.clone(), self.waits);
        let queue = context.morsels(0, self.pieces);
        let rows = async_stream::try_stream! {
            if waits {
                tokio::task::yield_now().await;
            }
            while let Some(piece) = queue.take() {
                let numbers = Int64Array::from(vec![piece as i64]);
                yield RecordBatch::try_new(Arc::clone(schema.arrow()), vec![Arc::new(numbers)])?;
            }
        };
        Ok(rows.boxed())
    }
}

/// How many threads run a pipeline of so many pieces, where three may.
async fn threads_of(pieces: usize, waits: bool, alone_micros: u64) -> usize {
    let runs = Arc::default();
    let leaf = PiecesExec {
        pieces,
        waits,
        runs: Arc::clone(&runs),
    };
    let root = ParallelExec::over(leaf.into_operator(), 3, ReadOrder::Sequential).unwrap();
    let settings = alone(8, alone_micros);
    let mut found = rows_of(&root, &TestGraph::new(), settings).await.unwrap();
    found.sort_by(|a, b| total_order(&a[0], &b[0]));
    let wanted = (0..pieces as i64).map(|piece| vec![Value::Int64(piece)]);
    assert_eq!(found, wanted.collect::<Vec<_>>());
    runs.load(atomic::Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_threads_start_when_a_pipeline_takes_longer_or_waits_and_has_pieces_left() {
    let never = u64::MAX;
    assert_eq!(threads_of(10, false, never).await, 1);
    assert_eq!(threads_of(10, false, 0).await, 3);
    assert_eq!(threads_of(10, true, never).await, 3);
    assert_eq!(threads_of(0, true, 0).await, 1);
}

#[test]
fn a_run_is_not_split_again() {
    let root = build_operators(&sort(random_plan(&[]), &[("a", false)], Some(3))).unwrap();
    let phases = root.phases().unwrap().unwrap();
    assert_eq!(phases.local.name(), root.name());
    assert!(phases.local.phases().unwrap().is_none());
}

/// Settings that leave a query `bytes` bytes.
fn limited(bytes: usize) -> RuntimeConfig {
    RuntimeConfig {
        memory_limit: Some(bytes),
        ..batches_of(256)
    }
}

#[tokio::test]
async fn rows_that_do_not_fit_into_memory_are_sorted_all_the_same() {
    let graph = TestGraph::new();
    let mut random = Random::new(4);
    let rows: Vec<Vec<Value>> = (0..20_000)
        .map(|number| {
            let text = format!("{:07} {}", random.below(10_000), "padding ".repeat(20));
            vec![Value::Int64(0), Value::String(text), Value::Int64(number)]
        })
        .collect();
    let plan = sort(random_plan(&rows), &names(&[(1, false), (2, true)]), None);
    let root = build_operators(&plan).unwrap();
    let mut wanted = rows;
    wanted.sort_by(|a, b| compared(a, b, &[(1, false), (2, true)]));
    // The rows take 4 MiB.
    let context = context(&graph, limited(2 << 20));
    let batches: Vec<_> = run(&root, &context).unwrap().try_collect().await.unwrap();
    let mut found = wanted.iter();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let number = Value::from_array(batch.column(2), row).unwrap();
            assert_eq!(Some(&number), found.next().map(|row| &row[2]));
        }
    }
    assert_eq!(found.next(), None);
}

#[tokio::test]
async fn a_sort_ends_when_its_query_is_cancelled() {
    let graph = TestGraph::new();
    let rows = random_rows(&mut Random::new(6), 100);
    let root = build_operators(&sort(random_plan(&rows), &[("a", false)], None)).unwrap();
    let context = context(&graph, batches_of(8));
    let stream = run(&root, &context).unwrap();
    context.query().cancellation.cancel();
    let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
