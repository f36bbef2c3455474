//! What stops a query of a Rust program: a handle, a time limit, and a result or a future that is dropped.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use grism::{
    CancellationHandle, DistributedPlannerConfig, Engine, ErrorKind, Graph, QueryOptions,
    RuntimeConfig,
};
use tokio::runtime::Handle;

/// Nothing may run any more after this time: 200 ms on a quiet machine, and this on one that does other work.
const LIMIT: Duration = Duration::from_millis(500);

/// How long a query runs before it is stopped.
const BEFORE: Duration = Duration::from_millis(150);

/// The machine may be busy with other tests; one try of these must be in time.
const TRIES: usize = 4;

const ENGINES: [Engine; 2] = [Engine::Local, Engine::Staged];

/// Queries that take minutes: in one operator, over threads, and within one batch.
const LONG: [&str; 5] = [
    "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b < 0 RETURN count(*) AS n",
    "MATCH (a:P), (b:P), (c:P), (d:P) RETURN sum(a.i * b.i + c.i * d.i) AS n",
    "MATCH (a:P)-[:R*1..20]->(b:P) RETURN count(*) AS n",
    "UNWIND range(1, 100000000) AS i WITH i % 9000000 AS k, collect(i) AS l RETURN k, l ORDER BY k",
    "RETURN reduce(s = 0, x IN range(1, 100000000) | s + x) AS n",
];

const WRITES: [&str; 2] = [
    "UNWIND range(1, 50000000) AS i CREATE (:Q {i: i})",
    "MATCH (a:P), (b:P), (c:P) MERGE (:Q {i: a.i * b.i + c.i})",
];

async fn graph() -> Graph {
    let graph = Graph::in_memory();
    let options = QueryOptions::default();
    for text in [
        "UNWIND range(1, 500) AS i CREATE (:P {i: i})",
        "MATCH (a:P), (b:P) WHERE a.i < b.i <= a.i + 8 CREATE (a)-[:R]->(b)",
    ] {
        graph.execute(text, &options).await.unwrap();
    }
    graph
}

fn options(engine: Engine) -> QueryOptions {
    QueryOptions {
        engine,
        runtime: RuntimeConfig::default().with_threads(2),
        distributed: DistributedPlannerConfig {
            partitions: 3,
            ..DistributedPlannerConfig::default()
        },
        ..QueryOptions::default()
    }
}

/// The time from when `stopped` stopped something until no task but the test's is left on the runtime, in the best of some tries.
async fn late<F: Future<Output = Instant>>(stopped: impl Fn() -> F) -> Duration {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let due = stopped().await;
        while tasks() > before && due.elapsed() < 10 * LIMIT {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        best = best.min(due.elapsed());
        if best < LIMIT {
            break;
        }
    }
    best
}

async fn run(graph: Graph, text: &'static str, options: QueryOptions) -> grism::Result<usize> {
    let result = graph.execute(text, &options).await?;
    Ok(result.collect().await?.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_handle_stops_a_statement_from_elsewhere_and_no_other_one() {
    let graph = graph().await;
    for engine in ENGINES {
        for text in LONG.into_iter().chain(WRITES) {
            let time = late(|| async {
                let cancellation = CancellationHandle::default();
                let options = QueryOptions {
                    cancellation: cancellation.clone(),
                    ..options(engine)
                };
                let running = tokio::spawn(run(graph.clone(), text, options));
                tokio::time::sleep(BEFORE).await;
                let due = Instant::now();
                cancellation.cancel();
                let error = running.await.unwrap().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Cancelled, "{text}: {error}");
                due
            });
            let time = time.await;
            assert!(time < LIMIT, "{engine:?}, {text}: {time:?}");
            let next = run(
                graph.clone(),
                "MATCH (p:P) RETURN count(*) AS n",
                options(engine),
            );
            assert_eq!(next.await.unwrap(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_time_limit_stops_a_statement() {
    let graph = graph().await;
    for engine in ENGINES {
        for text in LONG.into_iter().chain(WRITES) {
            let time = late(|| async {
                let mut options = options(engine);
                options.runtime = options.runtime.with_timeout_ms(150);
                let due = Instant::now() + BEFORE;
                let running = tokio::spawn(run(graph.clone(), text, options));
                let error = running.await.unwrap().unwrap_err();
                assert!(error.to_string().contains("out of time"), "{text}: {error}");
                due
            });
            let time = time.await;
            assert!(time < LIMIT, "{engine:?}, {text}: {time:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_result_or_a_future_that_is_dropped_stops_all_work() {
    let graph = graph().await;
    // A poll that is within one batch ends before its stream is dropped: only a handle reaches into it.
    let in_batches = || LONG.into_iter().filter(|text| !text.starts_with("RETURN"));
    for engine in ENGINES {
        for text in in_batches() {
            let dropped = late(|| async {
                let result = graph.query(text, &options(engine)).await.unwrap();
                let mut stream = result.into_stream();
                // On a task of its own, so that a poll that takes long does not hold the clock up.
                let reading = tokio::spawn(async move { stream.next().await.is_some() });
                tokio::time::sleep(BEFORE).await;
                let due = Instant::now();
                reading.abort();
                due
            });
            let dropped = dropped.await;
            assert!(dropped < LIMIT, "{engine:?}, {text}: {dropped:?}");
        }
        for text in WRITES {
            let dropped = late(|| async {
                let running = tokio::spawn(run(graph.clone(), text, options(engine)));
                tokio::time::sleep(BEFORE).await;
                let due = Instant::now();
                running.abort();
                due
            });
            let dropped = dropped.await;
            assert!(dropped < LIMIT, "{engine:?}, {text}: {dropped:?}");
        }
    }
    let unread = graph
        .query(LONG[0], &options(Engine::Staged))
        .await
        .unwrap();
    let handle = unread.cancellation();
    drop(unread);
    assert!(handle.is_cancelled());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_tells_how_far_it_is() {
    let graph = graph().await;
    for engine in ENGINES {
        let text = "MATCH (p:P) RETURN p.i % 7 AS k, count(*) AS n";
        let result = graph.query(text, &options(engine)).await.unwrap();
        let run = result.run().clone();
        assert_eq!((run.progress().tasks_done, run.progress().rows), (0, 0));
        result.collect().await.unwrap();
        let progress = run.progress();
        assert_eq!(progress.rows, 7, "{engine:?}");
        assert_eq!(progress.tasks_done, progress.tasks, "{engine:?}");
        let tasks = if engine == Engine::Local {
            0
        } else {
            progress.tasks
        };
        assert_eq!(run.tasks().len(), tasks, "{engine:?}");
    }
}
