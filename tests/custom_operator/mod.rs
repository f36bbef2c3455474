//! Operators of another crate, `examples/custom_operator`: placed by the planners, and run with one answer by each runtime.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use grism::distributed::validate;
use grism::{
    AggregateCall, AggregateFunction, DistributedPlannerConfig, Engine, Error, ErrorKind,
    ExplainOptions, ExtensionNode, Frame, Graph, NamedExpr, PartitioningSpec, QueryOptions,
    Resources, RuntimeConfig, SortKey, Value, column, extension_over, literal,
};
use grism_custom_operator::{GroupFunction, GroupedNode, Median, ScoreNode, Spread};
use grism_logical::BinaryOperator;

/// Engines with their threads and partitions.
const RUNTIMES: [(Engine, usize, usize); 6] = [
    (Engine::Local, 1, 1),
    (Engine::Local, 4, 1),
    (Engine::Staged, 2, 1),
    (Engine::Staged, 2, 2),
    (Engine::Staged, 1, 7),
    (Engine::Staged, 4, 3),
];

fn options((engine, threads, partitions): (Engine, usize, usize)) -> QueryOptions {
    QueryOptions {
        engine,
        runtime: RuntimeConfig::default().with_threads(threads),
        distributed: DistributedPlannerConfig {
            partitions,
            ..DistributedPlannerConfig::default()
        },
        ..QueryOptions::default()
    }
}

/// Nodes with odd keys, repeated and missing ones, and numbers of which some are missing.
async fn graph() -> Graph {
    let graph = Graph::in_memory();
    let text = "UNWIND range(0, 999) AS i WITH i, (i * 7919) % 1009 AS x \
        CREATE (:P {i: i, k: CASE x % 5 WHEN 0 THEN null WHEN 1 THEN '' WHEN 2 THEN '~`\\u00e9' ELSE 'k' + toString(x % 11) END, \
        z: CASE x % 4 WHEN 0 THEN -0.0 WHEN 1 THEN 0.0 WHEN 2 THEN 0.0 / 0.0 ELSE 1.5 END, \
        x: CASE WHEN x % 6 = 0 THEN null ELSE x * 9007199254740 END, f: toFloat(x) / 8})";
    for text in [text, "CREATE (:Empty)", "MATCH (e:Empty) DELETE e"] {
        let done = graph.execute(text, &QueryOptions::default()).await.unwrap();
        done.collect().await.unwrap();
    }
    graph
}

async fn frame(graph: &Graph, columns: &[&str]) -> Frame {
    let columns = columns.iter().map(|name| NamedExpr::column(*name));
    let nodes = graph.nodes(Some("P")).await.unwrap();
    nodes.select(columns.collect()).unwrap()
}

fn extended(frame: &Frame, node: impl ExtensionNode) -> Result<Frame, Error> {
    let plan = extension_over(vec![frame.plan().clone()], Arc::new(node))?;
    Ok(frame.with_plan(plan))
}

fn grouped(keys: &[&str], column: &str, function: impl GroupFunction + 'static) -> GroupedNode {
    GroupedNode {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        column: column.to_owned(),
        function: Arc::new(function),
        name: "result".to_owned(),
    }
}

fn score(column: &str) -> ScoreNode {
    ScoreNode {
        column: column.to_owned(),
        weight: 0.5,
        name: "score".to_owned(),
    }
}

/// The rows as texts, in their own order.
async fn rows(graph: &Graph, frame: &Frame, options: &QueryOptions) -> Result<Vec<String>, Error> {
    let result = graph.collect(frame, options).await?;
    let types: Vec<_> = result.schema().columns().columns.clone();
    let mut rows = Vec::new();
    for batch in result.collect().await? {
        for row in 0..batch.num_rows() {
            let values = batch.columns().iter().zip(&types);
            let values = values.map(|(column, own)| Value::from_typed(column, row, &own.ty));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            rows.push(
                values
                    .iter()
                    .map(|value| format!("{value:?}"))
                    .collect::<Vec<_>>()
                    .join(" | "),
            );
        }
    }
    Ok(rows)
}

/// Grism's own rows of these columns, grouped as a model does.
async fn model(graph: &Graph, keys: &[&str], number: &str, median: bool) -> Vec<String> {
    let columns: Vec<&str> = keys.iter().copied().chain([number]).collect();
    let result = graph
        .collect(&frame(graph, &columns).await, &options(RUNTIMES[0]))
        .await
        .unwrap();
    let types = result.schema().columns().columns.clone();
    let mut groups: BTreeMap<Vec<String>, Vec<f64>> = BTreeMap::new();
    if keys.is_empty() {
        groups.insert(Vec::new(), Vec::new());
    }
    for batch in result.collect().await.unwrap() {
        for row in 0..batch.num_rows() {
            let value = |place: usize| {
                Value::from_typed(batch.column(place), row, &types[place].ty).unwrap()
            };
            let key = |place| match value(place) {
                Value::Float64(float) => Value::Float64(if float == 0.0 { 0.0 } else { float }),
                other => other,
            };
            let keys = (0..keys.len()).map(|place| format!("{:?}", key(place)));
            let numbers = groups.entry(keys.collect()).or_default();
            match value(columns.len() - 1) {
                Value::Int64(integer) => numbers.push(integer as f64),
                Value::Float64(float) => numbers.push(float),
                _ => {}
            }
        }
    }
    let of_group = |numbers: &mut Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        let (first, last) = (numbers.first()?, numbers.last()?);
        let middle = (numbers[(numbers.len() - 1) / 2] + numbers[numbers.len() / 2]) / 2.0;
        Some(if median { middle } else { last - first })
    };
    let rows = groups.into_iter().map(|(mut keys, mut numbers)| {
        keys.push(format!(
            "{:?}",
            of_group(&mut numbers).map_or(Value::Null, Value::Float64)
        ));
        keys.join(" | ")
    });
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocking_operator_of_another_crate_has_one_answer_on_every_runtime() {
    let graph = graph().await;
    for (keys, number) in [
        (&["k"][..], "x"),
        (&["k"], "f"),
        (&["z"], "x"),
        (&["k", "z"], "f"),
        (&["i"], "x"),
        (&[], "x"),
    ] {
        let columns: Vec<&str> = keys.iter().copied().chain([number]).collect();
        let input = frame(&graph, &columns).await;
        for median in [true, false] {
            let node = match median {
                true => grouped(keys, number, Median),
                false => grouped(keys, number, Spread),
            };
            let frame = extended(&input, node).unwrap();
            let expected = model(&graph, keys, number, median).await;
            for runtime in RUNTIMES {
                let mut found = rows(&graph, &frame, &options(runtime)).await.unwrap();
                found.sort();
                assert_eq!(found, expected, "{keys:?} {number} {runtime:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_go_on_after_an_operator_of_another_crate_and_the_optimizer_works_around_it() {
    let graph = graph().await;
    let more = |name: &str, than: i64| {
        column(name).binary(BinaryOperator::Greater, literal(Value::Int64(than)))
    };
    let input = frame(&graph, &["k", "x", "f", "i"]).await;
    let medians = extended(&input, grouped(&["k"], "f", Median)).unwrap();
    let medians = medians.filter(more("result", 60)).unwrap();
    let medians = medians
        .order_by(vec![SortKey::descending(column("k"))])
        .unwrap()
        .limit(0, Some(3));
    let mut expected = model(&graph, &["k"], "f", true).await;
    expected.retain(|row| {
        row.rsplit_once('(')
            .unwrap()
            .1
            .trim_end_matches(')')
            .parse::<f64>()
            .unwrap()
            > 60.0
    });
    // Null comes first in a descending order.
    expected.sort_by_key(|row| std::cmp::Reverse((row.starts_with("Null"), row.clone())));
    expected.truncate(3);
    // What is read of an entity after the operator is fetched there.
    let scored = extended(&frame(&graph, &["n0", "i"]).await, score("i")).unwrap();
    let scored = scored.at("n0").unwrap().filter(more("f", 100)).unwrap();
    let count = AggregateCall::new(AggregateFunction::Count, Vec::new());
    let scored = scored
        .aggregate(Vec::new(), vec![count.named("n")])
        .unwrap();
    let large = (0..1000).filter(|i| i * 7919 % 1009 > 800).count();
    for runtime in RUNTIMES {
        let mut options = options(runtime);
        options.runtime.resources = Resources::one("gpu");
        let found = rows(&graph, &medians, &options).await.unwrap();
        assert_eq!(found, expected, "{runtime:?}");
        let counted = rows(&graph, &scored, &options).await.unwrap();
        assert_eq!(counted, [format!("Int64({large})")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_gives_no_group_and_one_without_keys() {
    let graph = graph().await;
    let none = frame(&graph, &["k", "x"]).await.limit(0, Some(0));
    for runtime in RUNTIMES {
        let by_key = extended(&none, grouped(&["k"], "x", Median)).unwrap();
        assert_eq!(
            rows(&graph, &by_key, &options(runtime)).await.unwrap(),
            [""; 0]
        );
        let whole = extended(&none, grouped(&[], "x", Median)).unwrap();
        assert_eq!(
            rows(&graph, &whole, &options(runtime)).await.unwrap(),
            ["Null"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_shows_the_exchange_that_a_group_needs_and_the_resources_of_a_stage() {
    let graph = graph().await;
    let input = frame(&graph, &["k", "x"]).await;
    let explain = ExplainOptions {
        distributed: true,
        ..ExplainOptions::default()
    };
    let scored = extended(&input, score("x")).unwrap();
    let frame = extended(&scored, grouped(&["k"], "score", Median)).unwrap();
    let text = graph
        .explain_frame(&frame, explain, &options((Engine::Staged, 1, 3)))
        .await
        .unwrap();
    assert_eq!(
        text,
        "Stage 0:\n  NodeScan(n0:P; read k, x) → Project(n0.k AS k, n0.x AS x) → Score(x AS score)\n  Parallelism: 3\n  \
         Resources: gpu 1\n  Output: HashPartition(k)\n\n    ↓ Exchange(Shuffle, Hash(k))\n      because median needs all \
         rows of a group\n\nStage 1:\n  StageInput(0) → Grouped(median(score), by k)\n  Input: stage 0 by Shuffle, Hash(k)\n  \
         Parallelism: 3\n  Output: Result\n\n    ↓ Exchange(Gather)\n      because the caller reads the result\n\nCollect\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_runs_only_where_the_resource_is_that_it_needs() {
    let graph = graph().await;
    let frame = extended(&frame(&graph, &["i"]).await, score("i")).unwrap();
    for runtime in RUNTIMES {
        let refused = rows(&graph, &frame, &options(runtime)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unavailable);
        assert!(
            refused
                .message()
                .contains("Score(i AS score) needs the resource `gpu` (1)"),
            "{refused}"
        );
        let mut able = options(runtime);
        able.runtime.resources = Resources::try_new([("gpu", 2.0)]).unwrap();
        assert_eq!(rows(&graph, &frame, &able).await.unwrap().len(), 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_without_the_resources_or_the_exchange_that_its_operators_need_is_refused() {
    let graph = graph().await;
    let scored = extended(&frame(&graph, &["k", "x"]).await, score("x")).unwrap();
    let frame = extended(&scored, grouped(&["k"], "score", Median)).unwrap();
    let planned = graph
        .plan_frame(&frame, &options((Engine::Staged, 1, 3)))
        .await
        .unwrap()
        .plan;
    validate(&planned).unwrap();
    let mut anywhere = planned.clone();
    anywhere.stages[0].resources = Resources::default();
    let error = validate(&anywhere).unwrap_err();
    assert!(
        error
            .message()
            .contains("where the resource `gpu` (1) is not"),
        "{error}"
    );
    let mut by_score = planned;
    let partitioning = PartitioningSpec::Hash {
        keys: vec!["score".to_owned()],
        partitions: 3,
    };
    by_score.stages[0].output.as_mut().unwrap().partitioning = partitioning.clone();
    by_score.stages[0].output_partitioning = Some(partitioning.clone());
    by_score.stages[1].inputs[0].partitioning = partitioning;
    let error = validate(&by_score).unwrap_err();
    assert!(
        error
            .message()
            .contains("Grouped(median(score), by k) requires"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_an_operator_does_not_take_are_refused_when_it_is_put_into_a_frame() {
    let graph = graph().await;
    let input = frame(&graph, &["k", "x"]).await;
    for (node, message) in [
        (
            grouped(&["kk"], "x", Median),
            "there is no column `kk`; select() makes",
        ),
        (
            grouped(&["k"], "k", Median),
            "median takes numbers of one type, and `k` is String",
        ),
        (
            grouped(&["k", "k"], "x", Median),
            "median has two columns `k`",
        ),
    ] {
        let error = extended(&input, node).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert!(error.message().contains(message), "{error}");
    }
}
