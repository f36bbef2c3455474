//! Aggregates that a program registers with a graph.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use grism::{
    AggregateCall, Collected, Engine, Graph, LogicalExpr, QueryOptions, Result, Type,
    UserAccumulator, UserAggregate, UserParameter, UserSignature, Value, column,
};
use serde::{Deserialize, Serialize};

use crate::language::answer_with;

/// `my.mean(number, weight)`: a weighted mean, whose parts merge or, where it is told so, do not.
#[derive(Debug, Serialize, Deserialize)]
struct Mean {
    signature: UserSignature,
    merges: bool,
}

impl Mean {
    fn new(name: &str, merges: bool) -> Self {
        let weight = UserParameter::new("weight", Type::Float64).optional();
        let parameters = vec![UserParameter::new("number", Type::Float64), weight];
        let signature = UserSignature::new(name, parameters, Type::Float64);
        Self {
            signature: signature.with_description("A weighted mean."),
            merges,
        }
    }
}

#[derive(Debug, Default)]
struct MeanOfGroup {
    sum: f64,
    weight: f64,
}

#[typetag::serde]
impl UserAggregate for Mean {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn state(&self) -> Option<Vec<Type>> {
        self.merges.then(|| vec![Type::Float64, Type::Float64])
    }

    fn accumulator(&self) -> Result<Box<dyn UserAccumulator>> {
        Ok(Box::new(MeanOfGroup::default()))
    }
}

impl UserAccumulator for MeanOfGroup {
    fn update(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<()> {
        let numbers = arguments[0].as_primitive::<Float64Type>();
        let weights = arguments
            .get(1)
            .map(|own| own.as_primitive::<Float64Type>());
        for row in 0..rows {
            let weight = weights.map_or(1.0, |own| own.value(row));
            self.sum += numbers.value(row) * weight;
            self.weight += weight;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ArrayRef>> {
        let part = |number: f64| Arc::new(Float64Array::from(vec![number])) as ArrayRef;
        Ok(vec![part(self.sum), part(self.weight)])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [sums, weights] = [0, 1].map(|at| states[at].as_primitive::<Float64Type>());
        self.sum += sums.iter().flatten().sum::<f64>();
        self.weight += weights.iter().flatten().sum::<f64>();
        Ok(())
    }

    fn finish(&mut self) -> Result<Value> {
        Ok(match self.weight {
            0.0 => Value::Null,
            weight => Value::Float64(self.sum / weight),
        })
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// `my.middle(number)`: the number in the middle of all.
#[derive(Debug, Serialize, Deserialize)]
struct Middle {
    signature: UserSignature,
}

#[typetag::serde]
impl UserAggregate for Middle {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn state(&self) -> Option<Vec<Type>> {
        Some(Collected::state_types(&self.signature.parameters))
    }

    fn accumulator(&self) -> Result<Box<dyn UserAccumulator>> {
        let finish = |columns: &[ArrayRef], _: usize| {
            let numbers: &Int64Array = columns[0].as_primitive::<Int64Type>();
            let mut sorted: Vec<i64> = numbers.iter().flatten().collect();
            sorted.sort_unstable();
            let middle = sorted.get(sorted.len() / 2);
            Ok(middle.copied().map_or(Value::Null, Value::Int64))
        };
        let parameters = &self.signature.parameters;
        Ok(Box::new(Collected::new(parameters, Arc::new(finish))))
    }
}

async fn graph() -> Graph {
    let graph = Graph::in_memory();
    for (name, merges) in [("my.mean", true), ("my.slow_mean", false)] {
        let mean = Arc::new(Mean::new(name, merges));
        graph.register_aggregate(mean).unwrap();
    }
    let number = vec![UserParameter::new("number", Type::Int64)];
    let signature = UserSignature::new("my.middle", number, Type::Int64);
    graph
        .register_aggregate(Arc::new(Middle { signature }))
        .unwrap();
    let text = "UNWIND range(1, 1000) AS i CREATE (:N {i: i, k: i % 3})";
    graph.execute(text, &QueryOptions::default()).await.unwrap();
    graph
}

fn ways() -> Vec<QueryOptions> {
    let mut ways = Vec::new();
    for (engine, threads, partitions) in [
        (Engine::Local, 1, 1),
        (Engine::Local, 3, 1),
        (Engine::Staged, 1, 1),
        (Engine::Staged, 1, 3),
    ] {
        let mut options = QueryOptions {
            engine,
            ..QueryOptions::default()
        };
        options.runtime.threads = threads;
        options.distributed.partitions = partitions;
        ways.push(options);
    }
    ways
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_of_the_user_has_one_answer_however_its_groups_are_split() {
    let graph = graph().await;
    for options in ways() {
        for (query, expected) in [
            (
                "MATCH (n:N) RETURN n.k AS k, my.mean(n.i) AS a, My.Slow_mean(n.i, 2.0) AS b, my.middle(n.i) AS c, \
                 count(*) AS d ORDER BY k",
                "0 | 501.0 | 501.0 | 501 | 333\n1 | 500.5 | 500.5 | 502 | 334\n2 | 500.0 | 500.0 | 500 | 333\n",
            ),
            (
                "MATCH (n:N) RETURN my.mean(DISTINCT n.k) + 1, my.slow_mean(DISTINCT n.k % 2), my.middle(n.k)",
                "2.0 | 0.5 | 1\n",
            ),
            (
                "MATCH (n:N) WHERE n.i < 0 RETURN my.mean(n.i), my.slow_mean(n.i), my.middle(n.i)",
                "null | null | null\n",
            ),
            (
                "MATCH (n:N) WHERE n.i < 0 RETURN n.k, my.slow_mean(n.i)",
                "",
            ),
            // Null is left out, and a type is looked at where it shows.
            (
                "UNWIND [1, null, 4, 7] AS x RETURN my.mean(x), my.middle(x)",
                "4.0 | 4\n",
            ),
            ("UNWIND [1, 2.0, null] AS x RETURN my.mean(x)", "1.5\n"),
        ] {
            assert_eq!(
                answer_with(&graph, query, &options).await,
                expected,
                "{query}"
            );
        }
        let query = "UNWIND [1, 'a'] AS x RETURN my.slow_mean(x)";
        let answer = answer_with(&graph, query, &options).await;
        let message = "`my.slow_mean()` needs Float64 as `number`, not String: 'a'";
        assert!(answer.contains(message), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_without_merge_moves_rows_and_one_with_it_states() {
    let graph = graph().await;
    let plan = async |query: &str| {
        let query = format!("EXPLAIN DISTRIBUTED MATCH (n:N) RETURN n.k, {query}");
        answer_with(&graph, &query, &ways()[3]).await
    };
    let merged = plan("my.mean(n.i)").await;
    assert!(merged.contains("PartialAggregate(my.mean("), "{merged}");
    let whole = plan("my.slow_mean(n.i)").await;
    assert!(!whole.contains("PartialAggregate"), "{whole}");
    assert!(whole.contains("HashPartition("), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_call_aggregates_of_the_user() {
    let graph = graph().await;
    let mean = graph.functions().aggregate("my.mean").unwrap();
    let call = AggregateCall::distinct(mean, vec![column("i")]);
    let frame = graph.nodes(Some("N")).await.unwrap();
    let frame = frame.aggregate(Vec::new(), vec![call.named("a")]);
    let result = graph
        .collect(&frame.unwrap(), &QueryOptions::default())
        .await
        .unwrap();
    let batches = result.collect().await.unwrap();
    assert_eq!(
        batches[0].column(0).as_primitive::<Float64Type>().value(0),
        500.5
    );
    let wrong = graph.functions().aggregate("my.middle").unwrap();
    let text = LogicalExpr::Literal(Value::String("a".to_owned()));
    let wrong = AggregateCall::new(wrong, vec![text]);
    let frame = graph.nodes(Some("N")).await.unwrap();
    let error = frame.aggregate(Vec::new(), vec![wrong.named("a")]);
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("`my.middle()` needs Int64 as `number`, not String"),
        "{message}"
    );
}
