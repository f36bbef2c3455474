//! Writers that are killed: at every step of a commit, and at random times.
//!
//! The writer is this test binary in another process, which writes until it reaches a step, says so, and waits for the
//! SIGKILL. Afterwards the graph must be sound, at a committed snapshot, and what the dead writer left must not surface in
//! the commits that follow. `GRISM_FAULT_KILLS` and `GRISM_FAULT_RANDOM` say how many writers die at each step and at
//! random times; `make faults` takes 20 and 100.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use grism::{Graph, GraphOptions, LanceStorage, QueryOptions, SnapshotSelector, Value};

/// The steps of a commit, in their order.
const STEPS: [&str; 15] = [
    "commit-begins",
    "dataset-created",
    "rows-written",
    "rows-staged",
    "rows-synced",
    "adjacency-staged",
    "changes-written",
    "deletions-written",
    "changes-synced",
    "commit-staged",
    "commit-before-entry",
    "entry-temporary",
    "entry-linked",
    "commit-after-entry",
    "main-line-published",
];
/// What each commit adds: two nodes and the hyperedge that binds them.
const ADD: &str =
    "CREATE (a:Node {n: $n}), (b:Node {n: $n}), (l:LINK {n: $n})-[:first]->(a), (l)-[:second]->(b)";
/// What some commits change.
const CHANGE: &str =
    "MATCH (l:LINK)-[:first]->(a:Node) WHERE l.n % 3 = $n % 3 SET a.seen = $n, l.seen = $n";
/// What some commits delete.
const DELETE: &str =
    "MATCH (a:Node)<-[:first]-(l:LINK)-[:second]->(b:Node) WHERE l.n % 7 = $n % 7 DELETE l, a, b";
const OPTIONS: GraphOptions = GraphOptions {
    segment_shift: 2,
    fragment_rows: 8,
};

async fn opened(path: &Path) -> Graph {
    let storage = LanceStorage::open_or_create(path, OPTIONS).await.unwrap();
    Graph::over(Arc::new(storage))
}

async fn declared(path: &Path) -> Graph {
    let graph = opened(path).await;
    run(
        &graph,
        "CREATE HYPEREDGE TYPE LINK (first Node, second Node)",
        0,
    )
    .await;
    graph
}

async fn run(graph: &Graph, text: &str, n: i64) {
    let options = QueryOptions {
        parameters: [("n".to_owned(), Value::Int64(n))].into(),
        ..QueryOptions::default()
    };
    let result = graph.execute(text, &options).await.unwrap();
    result.collect().await.unwrap();
}

/// The i-th commit of a writer.
async fn commit(graph: &Graph, i: i64) {
    match i % 4 {
        1 => run(graph, CHANGE, i).await,
        3 => run(graph, DELETE, i).await,
        _ => run(graph, ADD, i).await,
    }
}

/// Not a test of its own: the writer that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that the other tests kill"]
async fn writer() {
    let Some(path) = std::env::var_os("GRISM_FAULT_GRAPH") else {
        return;
    };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    if let Ok(step) = std::env::var("GRISM_FAULT_STEP") {
        let wanted: u32 = number("GRISM_FAULT_TIME").unwrap_or(1);
        let times = AtomicU32::new(0);
        let name = step.clone();
        fail::cfg_callback(step, move || {
            if times.fetch_add(1, Ordering::SeqCst) + 1 == wanted {
                println!("at {name}");
                loop {
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        })
        .unwrap();
    }
    let graph = opened(Path::new(&path)).await;
    println!("writing");
    let first = i64::from(number("GRISM_FAULT_FIRST").unwrap_or(0));
    for i in first..first + 1000 {
        commit(&graph, i).await;
    }
}

/// Kills its process when it is dropped, so that a failed test leaves none.
struct Writer(Child);

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Writer {
    fn start(path: &Path, step: Option<(&str, u32)>, first: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "faults::writer", "--nocapture"])
            .env("GRISM_FAULT_GRAPH", path)
            .env("GRISM_FAULT_FIRST", first.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some((step, time)) = step {
            command
                .env("GRISM_FAULT_STEP", step)
                .env("GRISM_FAULT_TIME", time.to_string());
        }
        Self(command.spawn().unwrap())
    }

    /// Waits until the writer says `line`; false where it ends before.
    fn says(&mut self, line: &str) -> bool {
        let Some(out) = self.0.stdout.take() else {
            return false;
        };
        BufReader::new(out)
            .lines()
            .map_while(Result::ok)
            .any(|own| own.ends_with(line))
    }
}

/// Checks that the graph is whole, that it holds what its newest snapshot committed, and that it goes on.
async fn is_whole(path: &Path, when: &str) -> u64 {
    let graph = opened(path).await;
    let report = graph.check(SnapshotSelector::Newest).await.unwrap();
    assert!(report.is_sound(), "{when}: {:?}", report.problems);
    assert_eq!(report.nodes, 2 * report.hyperedges, "{when}");
    let added = report.snapshot;
    run(&graph, ADD, -1).await;
    run(&graph, CHANGE, 1).await;
    let after = graph.check(SnapshotSelector::Newest).await.unwrap();
    assert!(after.is_sound(), "{when}, and more: {:?}", after.problems);
    assert_eq!(after.hyperedges, report.hyperedges + 1, "{when}, and more");
    assert!(after.snapshot > added, "{when}");
    report.snapshot.0
}

fn kills(name: &str, otherwise: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_killed_at_any_step_of_a_commit_leaves_the_last_snapshot_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut died: BTreeMap<&str, usize> = BTreeMap::new();
    for step in STEPS {
        let mut path = directory.path().join(step);
        drop(declared(&path).await);
        for kill in 0..kills("GRISM_FAULT_KILLS", 2) {
            if kill % 10 == 0 || step == "dataset-created" {
                // A dataset comes into being once in a graph; and a fresh graph keeps its history short.
                path = directory.path().join(format!("{step}-{kill}"));
                drop(declared(&path).await);
            }
            let time = 1 + (kill as u32) % 3;
            let mut writer = Writer::start(&path, Some((step, time)), 7 * kill);
            assert!(writer.says(&format!("at {step}")), "{step} was not reached");
            drop(writer);
            *died.entry(step).or_insert(0) += 1;
            is_whole(
                &path,
                &format!("killed at {step}, time {time}, kill {kill}"),
            )
            .await;
        }
    }
    println!("\nSIGKILLs by step of a commit:");
    for step in STEPS {
        println!("  {:>4}  {step}", died[step]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_killed_at_any_time_leaves_the_last_snapshot_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut path = directory.path().join("random");
    let (mut snapshots, many) = (0, kills("GRISM_FAULT_RANDOM", 6));
    let mut seed = 20_u64;
    for kill in 0..many {
        if kill % 20 == 0 {
            path = directory.path().join(format!("random-{kill}"));
            drop(declared(&path).await);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut writer = Writer::start(&path, None, 11 * kill);
        assert!(writer.says("writing"));
        std::thread::sleep(Duration::from_micros((seed >> 33) % 300_000));
        drop(writer);
        snapshots = is_whole(&path, &format!("random kill {kill}")).await;
    }
    println!("\nSIGKILLs at random times: {many}; the last graph is at snapshot {snapshots}");
}
