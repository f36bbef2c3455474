//! Long chains and deep plans: planned and run in a moment, on threads of 2 MiB, locally and in stages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::Array;
use grism::{Engine, Graph, QueryOptions, RuntimeConfig, Value};
use grism_functions::{ABS, SIZE};
use grism_logical::optimizer::{Facts, optimize};
use grism_logical::{
    ArithmeticOperator as Op, BinaryOperator, LogicOperator, LogicalExpr, LogicalPlan, SharedPlan,
    UnaryOperator,
};

/// Operands of a chain.
const LONG: usize = 10_000;

/// Clauses of a query.
const CLAUSES: usize = 1_000;

/// What one plan may take on every engine together; it takes a small part of that on a quiet machine.
const BOUND: Duration = Duration::from_secs(60);

fn integer(value: i64) -> LogicalExpr {
    LogicalExpr::Literal(Value::Int64(value))
}

fn text(value: &str) -> LogicalExpr {
    LogicalExpr::Literal(Value::String(value.to_owned()))
}

fn x() -> LogicalExpr {
    LogicalExpr::column("x")
}

fn project(input: LogicalPlan, expression: LogicalExpr) -> LogicalPlan {
    LogicalPlan::Project {
        input: SharedPlan::new(input),
        expressions: vec![expression.named("x")],
    }
}

/// A row of one column `x`, which no rule can see through.
fn one(value: LogicalExpr) -> LogicalPlan {
    LogicalPlan::Unwind {
        input: SharedPlan::new(LogicalPlan::Unit),
        expression: LogicalExpr::List(vec![value]),
        variable: "x".to_owned(),
    }
}

/// The only value of a plan on one engine.
async fn value_of(plan: &LogicalPlan, engine: Engine, partitions: usize) -> Value {
    let graph = Graph::in_memory();
    let snapshot = graph
        .snapshot(grism::SnapshotSelector::Newest)
        .await
        .unwrap();
    let facts = Facts {
        schema: snapshot.schema(),
        statistics: snapshot.statistics(),
    };
    let plan = optimize(plan.clone(), facts).unwrap();
    let runtime = RuntimeConfig {
        threads: 2,
        ..RuntimeConfig::default()
    };
    let storage = Arc::clone(graph.storage());
    let stream = if engine == Engine::Local {
        let planner = grism_local::LocalPhysicalPlanner::new();
        let plan = planner.plan(&plan).unwrap();
        assert!(!plan.display().is_empty());
        let executor = grism_local::LocalExecutor::with_config(runtime);
        let run = executor.execute(plan, storage, snapshot.id().into());
        run.await.unwrap().into_stream()
    } else {
        let planner =
            grism_ray::DistributedPlanner::with_config(grism_ray::DistributedPlannerConfig {
                partitions,
                ..grism_ray::DistributedPlannerConfig::default()
            });
        let plan = planner.plan(&plan).unwrap();
        assert!(!grism_ray::explain_distributed(&plan, &|_| Vec::new()).is_empty());
        let executor = grism_ray::StagedExecutor::new(runtime);
        let run = executor.execute(plan, storage, snapshot.id().into());
        run.await.unwrap().into_stream()
    };
    let batches: Vec<_> = futures::TryStreamExt::try_collect(stream).await.unwrap();
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(rows, 1);
    let batch = batches.iter().find(|batch| batch.num_rows() == 1).unwrap();
    assert_eq!(batch.column(0).len(), 1);
    Value::from_array(batch.column(0), 0).unwrap()
}

async fn check(what: &str, plan: LogicalPlan, expected: Value) {
    let start = Instant::now();
    for (engine, partitions) in [(Engine::Local, 1), (Engine::Staged, 1), (Engine::Staged, 3)] {
        let begun = Instant::now();
        let found = value_of(&plan, engine, partitions).await;
        assert_eq!(found, expected, "{what}, {engine:?}");
        println!("{what}, {engine:?}, {partitions}: {:?}", begun.elapsed());
    }
    assert!(start.elapsed() < BOUND, "{what}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn long_chains_are_planned_and_run_in_a_moment() {
    let many = |operator| (1..LONG).map(move |_| (operator, x()));
    let sum = x().arithmetic_chain(many(Op::Add));
    check("+", project(one(integer(1)), sum), Value::Int64(10_000)).await;
    let difference = x().arithmetic_chain((1..LONG).map(|step| match step % 2 {
        0 => (Op::Add, x()),
        _ => (Op::Subtract, x()),
    }));
    check(
        "+ and -",
        project(one(integer(7)), difference),
        Value::Int64(0),
    )
    .await;
    let joined = x().arithmetic_chain(many(Op::Add));
    let expected = Value::String("ab".repeat(LONG));
    check("+ of texts", project(one(text("ab")), joined), expected).await;
    let lists = (0..LONG).map(|item| (Op::Add, LogicalExpr::List(vec![x(), integer(item as i64)])));
    let size = LogicalExpr::call(
        &SIZE,
        vec![LogicalExpr::List(Vec::new()).arithmetic_chain(lists)],
    );
    check(
        "+ of lists",
        project(one(integer(1)), size),
        Value::Int64(20_000),
    )
    .await;

    let differs = |value: usize| x().binary(BinaryOperator::NotEqual, integer(value as i64 + 10));
    let all = LogicalExpr::all((0..LONG).map(differs));
    check("AND", project(one(integer(1)), all), Value::Bool(true)).await;
    let less = |value: usize| x().binary(BinaryOperator::Less, integer(-(value as i64)));
    let any = LogicalExpr::any((0..LONG).map(less));
    check("OR", project(one(integer(1)), any), Value::Bool(false)).await;
    let equals = |value: usize| x().binary(BinaryOperator::Equal, integer(value as i64));
    let any = LogicalExpr::any((0..LONG).map(equals));
    check("OR of =", project(one(integer(1)), any), Value::Bool(true)).await;
    let odd = LogicalExpr::logic(LogicOperator::Xor, (0..LONG).map(differs));
    check("XOR", project(one(integer(1)), odd), Value::Bool(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clauses_are_planned_and_run_in_a_moment() {
    let next = || x().arithmetic(Op::Add, integer(1));
    let last = Value::Int64(CLAUSES as i64);
    let (mut merged, mut distinct, mut filtered) =
        (one(integer(0)), one(integer(0)), one(integer(0)));
    for _ in 0..CLAUSES {
        merged = project(merged, next());
        distinct = LogicalPlan::Distinct {
            input: SharedPlan::new(project(distinct, next())),
        };
        let positive = x().binary(BinaryOperator::Greater, integer(0));
        filtered = project(filtered, next()).filtered(vec![positive]);
    }
    check("WITH", merged, last.clone()).await;
    check("WITH and WHERE", filtered, last.clone()).await;
    check("WITH DISTINCT", distinct, last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_expressions_run_everywhere() {
    const DEEP: usize = 190;
    let nested = |first: LogicalExpr, wrap: &dyn Fn(LogicalExpr) -> LogicalExpr| {
        (0..DEEP).fold(first, |inner, _| wrap(inner))
    };
    let case = nested(integer(5), &|inner| LogicalExpr::Case {
        branches: vec![(x().binary(BinaryOperator::Greater, integer(0)), inner)],
        otherwise: Some(Box::new(integer(0))),
    });
    check("CASE", project(one(integer(1)), case), Value::Int64(5)).await;
    let call = nested(x(), &|inner| LogicalExpr::call(&ABS, vec![inner]));
    check("calls", project(one(integer(-3)), call), Value::Int64(3)).await;
    let not = nested(x().unary(UnaryOperator::IsNull), &|inner| {
        inner.unary(UnaryOperator::Not)
    });
    check("NOT", project(one(integer(1)), not), Value::Bool(false)).await;
    let lists = nested(x(), &|inner| LogicalExpr::List(vec![inner]));
    let picked = (0..DEEP).fold(lists, |list, _| LogicalExpr::Index {
        base: Box::new(list),
        index: Box::new(integer(0)),
    });
    check("lists", project(one(integer(4)), picked), Value::Int64(4)).await;
    let sums = nested(x(), &|inner| x().arithmetic(Op::Add, inner));
    check(
        "brackets",
        project(one(integer(1)), sums),
        Value::Int64(DEEP as i64 + 1),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_many_clauses_runs_everywhere() {
    let mut query = "WITH 0 AS x".to_owned();
    for clause in 0..CLAUSES {
        query.push_str(match clause % 2 {
            0 => " WITH x + 1 AS x",
            _ => " WITH x WHERE x > 0",
        });
    }
    query.push_str(" RETURN x");
    let graph = Graph::in_memory();
    for engine in [Engine::Local, Engine::Staged] {
        let options = QueryOptions {
            engine,
            ..QueryOptions::default()
        };
        let start = Instant::now();
        let result = graph.execute(&query, &options).await.unwrap();
        let batches = result.collect().await.unwrap();
        println!("text, {engine:?}: {:?}", start.elapsed());
        assert_eq!(
            Value::from_array(batches[0].column(0), 0).unwrap(),
            Value::Int64(500)
        );
        assert!(start.elapsed() < BOUND);
    }
}

/// A name, and the query of a depth.
type Nested = (&'static str, fn(usize) -> String);

/// A name, and the query.
type Chain = (&'static str, fn() -> String);

/// Queries that nest as deeply as asked.
const NESTED: &[Nested] = &[
    ("brackets", |depth| within("RETURN ", "(", "1", ")", depth)),
    ("signs", |depth| {
        format!("UNWIND [1] AS y RETURN {}y AS x", "- ".repeat(depth))
    }),
    ("NOT", |depth| {
        format!("UNWIND [true] AS y RETURN {}y AS x", "NOT ".repeat(depth))
    }),
    ("calls", |depth| {
        within("UNWIND [1] AS y RETURN ", "abs(", "y", ")", depth)
    }),
    ("CASE", |depth| {
        within(
            "UNWIND [1] AS y RETURN ",
            "CASE WHEN y > 0 THEN ",
            "y",
            " ELSE 0 END",
            depth,
        )
    }),
    ("AND", |depth| {
        within("UNWIND [true] AS y RETURN ", "(y AND NOT ", "y", ")", depth)
    }),
    ("IS NULL", |depth| {
        format!("UNWIND [1] AS y RETURN y{} AS x", " IS NULL".repeat(depth))
    }),
    ("comprehensions", |depth| {
        within("UNWIND [[1]] AS y RETURN ", "[z IN ", "y", " | z]", depth)
    }),
    ("quantifiers", |depth| {
        within(
            "UNWIND [1] AS y RETURN ",
            "any(z IN [y] WHERE ",
            "y > 0",
            ")",
            depth,
        )
    }),
    ("reduce", |depth| {
        within(
            "UNWIND [1] AS y RETURN ",
            "reduce(s = 0, z IN [y] | s + ",
            "y",
            ")",
            depth,
        )
    }),
    ("EXISTS", |depth| {
        let predicate = within(
            "",
            "EXISTS { MATCH (a)-[:R]->(b) WHERE ",
            "true",
            " }",
            depth,
        );
        format!(
            "MATCH (a:P) WHERE {} RETURN a",
            predicate.trim_end_matches(" AS x")
        )
    }),
    ("COUNT", |depth| {
        let predicate = within(
            "",
            "COUNT { MATCH (a)-[:R]->(b) WHERE ",
            "1 = 1",
            " } >= 0",
            depth,
        );
        format!(
            "MATCH (a:P) WHERE {} RETURN a",
            predicate.trim_end_matches(" AS x")
        )
    }),
    ("CALL", |depth| {
        let mut query = format!(
            "UNWIND [1] AS y {}RETURN y AS x0 ",
            "CALL (y) { ".repeat(depth)
        );
        for level in 1..depth {
            query.push_str(&format!(
                "}} WITH x{} AS x{level}, y RETURN x{level} ",
                level - 1
            ));
        }
        query + &format!("}} RETURN x{}", depth - 1)
    }),
    ("labels", |depth| {
        format!(
            "MATCH (a:{}P{}) RETURN a",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    }),
    ("groups", |depth| {
        within(
            "UNWIND [1, 2] AS y RETURN count(*) AS n, ",
            "abs(",
            "y",
            ")",
            depth,
        )
    }),
    ("FOREACH", |depth| {
        let loops = (0..depth).map(|level| format!("FOREACH (x{level} IN [1] | "));
        format!(
            "{}CREATE (:Q){}",
            loops.collect::<String>(),
            ")".repeat(depth)
        )
    }),
];

/// Queries of many clauses or operands.
const CHAINS: &[Chain] = &[
    ("WITH", || chain("WITH 0 AS x", " WITH x + 1 AS x", LONG)),
    ("UNION", || {
        chain("RETURN 0 AS x", " UNION RETURN 1 AS x", LONG)
            .trim_end_matches(" RETURN x")
            .to_owned()
    }),
    ("AND", || {
        format!(
            "{} AS x",
            chain("UNWIND [1] AS y RETURN y <> 0", " AND y <> 2", LONG)
                .trim_end_matches(" RETURN x")
        )
    }),
    ("+", || {
        format!(
            "{} AS x",
            chain("UNWIND [1] AS y RETURN y", " + y", LONG).trim_end_matches(" RETURN x")
        )
    }),
    ("WITH DISTINCT", || {
        chain("WITH 0 AS x", " WITH DISTINCT x", CLAUSES)
    }),
    ("ORDER BY", || {
        chain("WITH 0 AS x", " WITH x ORDER BY x LIMIT 5", CLAUSES)
    }),
    ("count", || {
        chain("WITH 0 AS x", " WITH count(x) AS x", CLAUSES)
    }),
    ("UNWIND", || {
        chain("WITH 0 AS x", " UNWIND [x] AS y WITH y AS x", CLAUSES)
    }),
    ("WHERE", || {
        chain("WITH 1 AS x", " WITH x WHERE x > 0", CLAUSES)
    }),
    ("CREATE", || {
        chain("CREATE (:Q)", " CREATE (:Q)", CLAUSES)
            .trim_end_matches(" RETURN x")
            .to_owned()
    }),
];

fn within(start: &str, open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!(
        "{start}{}{inner}{} AS x",
        open.repeat(depth),
        close.repeat(depth)
    )
}

fn chain(first: &str, next: &str, length: usize) -> String {
    format!("{first}{} RETURN x", next.repeat(length))
}

/// Runs a query in every way there is, on a worker of tokio with the stack that it has by default.
async fn run_everywhere(graph: Graph, text: String) {
    let options = |engine| QueryOptions {
        engine,
        ..QueryOptions::default()
    };
    for engine in [Engine::Local, Engine::Staged] {
        let result = graph.execute(&text, &options(engine)).await.unwrap();
        result.collect().await.unwrap();
    }
    let (explain, local) = (format!("EXPLAIN {text}"), options(Engine::Local));
    let explained = graph.execute(&explain, &local).await.unwrap();
    explained.collect().await.unwrap();
    if let Ok(planned) = graph.plan_distributed(&text, &options(Engine::Ray)).await {
        let bytes = planned.plan.to_bytes().unwrap();
        let read = grism::DistributedPlan::from_bytes(&bytes).unwrap();
        assert_eq!(read.stages.len(), planned.plan.stages.len());
    }
}

async fn small_graph() -> Graph {
    let graph = Graph::in_memory();
    let text = "CREATE (a:P {i: 1})-[:R]->(b:P {i: 2})-[:R]->(c:P {i: 3})";
    let made = graph.execute(text, &QueryOptions::default()).await;
    made.unwrap().collect().await.unwrap();
    graph
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deepest_queries_that_are_accepted_run_on_default_stacks() {
    let graph = small_graph().await;
    for (name, make) in NESTED {
        let refused = |depth: &usize| {
            let parsed = grism::parse_statements(&make(*depth));
            parsed.err().map(|error| error.to_string())
        };
        let deepest = (1..=200).rev().find(|depth| match refused(depth) {
            Some(error) => {
                assert!(error.contains("nested deeper"), "{name}: {error}");
                false
            }
            None => true,
        });
        let text = make(deepest.unwrap());
        assert!(deepest.unwrap() >= 60, "{name}: {deepest:?}");
        tokio::spawn(run_everywhere(graph.clone(), text))
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_queries_run_on_default_stacks() {
    let graph = small_graph().await;
    for (name, make) in CHAINS {
        let start = Instant::now();
        tokio::spawn(run_everywhere(graph.clone(), make()))
            .await
            .unwrap();
        println!("{name}: {:?}", start.elapsed());
        assert!(start.elapsed() < BOUND, "{name}: {:?}", start.elapsed());
    }
}
