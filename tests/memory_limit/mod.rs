//! Queries over more adjacency than the memory limit holds, and loads whose keys it does not hold: the answers are those
//! without a limit.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, StringArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use grism::{
    Engine, ErrorKind, Graph, GraphOptions, ImportSource, InMemoryStorage, LanceStorage,
    LoadOptions, LoadTarget, Maintenance, MissingMember, QueryOptions, RoleSource, RuntimeConfig,
    Storage,
};

const PEOPLE: u64 = 3_000;
const KNOWS: u64 = 60_000;
const MEETINGS: u64 = 20_000;

/// Segments of 64 offsets, so that a limit of some hundred kilobytes is less than the lists of all.
const LAYOUT: GraphOptions = GraphOptions {
    segment_shift: 6,
    fragment_rows: 1_000,
};

/// Much less than the lists of the graph take; an operator gets a tenth of it.
const LIMIT: usize = 2 << 20;

const QUERIES: [&str; 6] = [
    "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) WHERE a.id < 20 RETURN count(*), count(DISTINCT c)",
    "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c)-[:KNOWS]->(a) WHERE a.id < 200 RETURN count(*)",
    "MATCH (a:Person)<-[:attendee]-(m:MEETING)-[:attendee]->(b:Person)<-[:attendee]-(n:MEETING) WHERE a.id < 50 RETURN count(*), count(DISTINCT n)",
    "MATCH (a:Person)-[:KNOWS*1..2]->(b) WHERE a.id < 5 RETURN count(*), count(DISTINCT b)",
    "MATCH (a:Person) WHERE a.id < 300 OPTIONAL MATCH (a)-[:KNOWS]->(b)<-[:KNOWS]-(c) WHERE c.id < 100 RETURN count(*), sum(c.id)",
    "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) RETURN count(*)",
];

fn random(state: &mut u64, bound: u64) -> i64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) % bound) as i64
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Vec<RecordBatch> {
    vec![RecordBatch::try_from_iter(columns).expect("a table")]
}

fn integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn source(column: &str) -> RoleSource {
    RoleSource {
        label: Some("Person".to_owned()),
        column: column.to_owned(),
    }
}

async fn graph(storage: Arc<dyn Storage>) -> Graph {
    let graph = Graph::over(storage);
    let people = table(vec![("id", integers(0..PEOPLE as i64))]);
    graph
        .load_nodes("Person", people, "id")
        .await
        .expect("a table");
    let mut state = 11;
    let mut ends = |count: u64| integers((0..count).map(|_| random(&mut state, PEOPLE)));
    let knows = table(vec![("a", ends(KNOWS)), ("b", ends(KNOWS))]);
    let roles = BTreeMap::from([
        ("source".to_owned(), source("a")),
        ("target".to_owned(), source("b")),
    ]);
    graph
        .load_hyperedges("KNOWS", knows, &roles, MissingMember::Error)
        .await
        .expect("the graph is made");
    let declared = "CREATE HYPEREDGE TYPE MEETING (attendee Person*)";
    let options = QueryOptions::default();
    graph
        .execute(declared, &options)
        .await
        .expect("the graph is made");
    let attendees = (0..MEETINGS).map(|_| {
        let own = (0..random(&mut state, 6)).map(|_| Some(random(&mut state, PEOPLE)));
        Some(own.collect::<Vec<_>>())
    });
    let attendees = ListArray::from_iter_primitive::<Int64Type, _, _>(attendees);
    let meetings = table(vec![("attendee", Arc::new(attendees))]);
    let roles = BTreeMap::from([("attendee".to_owned(), source("attendee"))]);
    graph
        .load_hyperedges("MEETING", meetings, &roles, MissingMember::Error)
        .await
        .expect("the graph is made");
    graph
}

async fn rows(graph: &Graph, text: &str, engine: Engine, limit: Option<usize>) -> String {
    let runtime = RuntimeConfig {
        memory_limit: limit,
        ..RuntimeConfig::default().with_threads(1)
    };
    let options = QueryOptions {
        engine,
        runtime,
        ..QueryOptions::default()
    };
    let result = graph.query(text, &options).await.expect("rows");
    let batches = result.collect().await.expect("rows");
    arrow::util::pretty::pretty_format_batches(&batches)
        .expect("rows")
        .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expansions_past_the_memory_limit_give_the_same_answers() {
    let directory = tempfile::tempdir().expect("rows");
    let lance = LanceStorage::open_or_create(directory.path().join("g.grism"), LAYOUT);
    let lance = graph(Arc::new(lance.await.unwrap())).await;
    let memory = InMemoryStorage::with_layout(LAYOUT.segment_shift, LAYOUT.fragment_rows);
    let memory = graph(Arc::new(memory)).await;
    for text in QUERIES {
        let expected = rows(&memory, text, Engine::Local, None).await;
        for (graph, name) in [(&lance, "lance"), (&memory, "memory")] {
            for engine in [Engine::Local, Engine::Staged] {
                let found = rows(graph, text, engine, Some(LIMIT)).await;
                assert_eq!(found, expected, "{text} on {name}, {engine:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_queries_hold_of_the_process_is_given_back_whether_they_end_well_or_not() {
    let memory = InMemoryStorage::with_layout(LAYOUT.segment_shift, LAYOUT.fragment_rows);
    let graph = graph(Arc::new(memory)).await;
    let process = Arc::clone(graph.storage().memory());
    let before = process.current_usage();
    let past = "MATCH (a:Person)-[:KNOWS]->(b) RETURN collect(a.id + b.id * 10000) AS all";
    for engine in [Engine::Local, Engine::Staged] {
        rows(&graph, QUERIES[0], engine, None).await;
        let options = QueryOptions {
            engine,
            runtime: RuntimeConfig::default().with_memory_limit(256 << 10),
            ..QueryOptions::default()
        };
        let refused = match graph.query(past, &options).await {
            Ok(result) => result.collect().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(refused.kind(), ErrorKind::ResourceExhausted, "{refused}");
        assert!(
            refused.message().contains("raise the memory limit"),
            "{refused}"
        );
        assert_eq!(process.current_usage(), before, "{engine:?}");
    }
    assert!(process.peak_usage() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_past_the_memory_limit_are_resolved_and_none_is_taken_twice() {
    const KEYS: i64 = 400_000;
    let directory = tempfile::tempdir().unwrap();
    let options = GraphOptions::default();
    let storage = LanceStorage::open_or_create(directory.path().join("g.grism"), options);
    let graph = Graph::over(Arc::new(storage.await.unwrap()));
    let rejects = directory.path().join("rejects.csv");
    let limited = LoadOptions {
        memory_limit: Some(32 << 20),
        bad_rows: grism::BadRow::Reject,
        rejects: Some(rejects.clone()),
        ..LoadOptions::default()
    };
    let key = |number: i64| {
        if number % 2 == 0 {
            number.to_string()
        } else {
            format!("person {number}")
        }
    };
    // Keys that come again, far from where they came first.
    let numbers = (0..KEYS).chain((0..100).map(|place| place * 3_999));
    let names: StringArray = numbers.map(|number| Some(key(number))).collect();
    let people = table(vec![("name", Arc::new(names))]);
    let target = LoadTarget::Nodes {
        label: "Person".to_owned(),
        key: "name".to_owned(),
    };
    let report = graph
        .load(&target, ImportSource::Batches(people), &limited)
        .await
        .unwrap();
    assert_eq!((report.loaded, report.rejected), (KEYS as u64, 100));
    let reasons = std::fs::read_to_string(&rejects).unwrap();
    assert!(reasons.contains("the key `name` = 'person 3999' is taken already"));
    let ends = |step: i64| -> ArrayRef {
        let keys = (0..10_000).map(|place| Some(key((place * step) % KEYS)));
        Arc::new(keys.collect::<StringArray>())
    };
    let knows = table(vec![("a", ends(31)), ("b", ends(37))]);
    let target = LoadTarget::Hyperedges {
        name: "KNOWS".to_owned(),
        roles: BTreeMap::from([
            ("source".to_owned(), source("a")),
            ("target".to_owned(), source("b")),
        ]),
    };
    let report = graph
        .load(&target, ImportSource::Batches(knows), &limited)
        .await
        .unwrap();
    assert_eq!(report.loaded, 10_000);
    let text = "MATCH (a)-[:KNOWS]->(b) WHERE a.name = 'person 31' RETURN b.name";
    let found = rows(&graph, text, Engine::Local, None).await;
    assert!(found.contains("person 37"), "{found}");
}

/// Statements whose changes are more than is held in memory under the least limit.
const WRITES: [&str; 7] = [
    "MATCH (p:Person) SET p.id = p.id + 1, p.before = p.id, p.text = 'text ' + toString(p.id)",
    "MATCH (p:Person) WHERE p.id % 7 = 0 WITH p ORDER BY p.id % 1009, p.id SET p.late = p.text, p.text = null",
    "MATCH (p:Person) WITH p ORDER BY p.id MERGE (q:Copy {id: p.id / 2}) ON CREATE SET q.made = p.id ON MATCH SET q.again = q.made, q.made = p.id",
    "MATCH (p:Person) MERGE (q:Copy {id: p.id}) ON MATCH SET q.found = q.again",
    "MATCH (p:Person) CREATE (p)-[:MADE {at: p.id}]->(e:End {id: p.id}) WITH p MATCH (p)-[m:MADE]->(e) SET e.seen = m.at, m.at = -m.at, p:Maker",
    "MATCH (p:Person) WHERE p.before % 3 = 0 DETACH DELETE p",
    "MATCH (q:Copy) DELETE q",
];

const LEFT: [&str; 5] = [
    "MATCH (p:Person) RETURN count(*), sum(p.id), sum(p.before), count(p.text), min(p.late), max(p.late), sum(size(p.text))",
    "MATCH (q:Copy) RETURN count(*), sum(q.id), sum(q.made), sum(q.again), sum(q.found)",
    "MATCH (e:End) RETURN count(*), sum(e.id), sum(e.seen)",
    "MATCH (p:Maker)-[m:MADE]->(e:End) RETURN count(*), sum(m.at), sum(e.id), sum(p.id)",
    "MATCH (e:End)<-[m]-() RETURN count(*)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_past_the_memory_limit_leave_the_same_graph() {
    const ROWS: i64 = 30_000;
    let directory = tempfile::tempdir().unwrap();
    let options = GraphOptions::default();
    let storage = LanceStorage::open_or_create(directory.path().join("g.grism"), options);
    let lance = Arc::new(storage.await.unwrap());
    let limited = Graph::over(Arc::clone(&lance) as Arc<dyn Storage>);
    let free = Graph::over(Arc::new(InMemoryStorage::new()));
    for graph in [&limited, &free] {
        let people = table(vec![("id", integers(0..ROWS))]);
        graph.load_nodes("Person", people, "id").await.unwrap();
    }
    for text in WRITES {
        let mut counts = Vec::new();
        for (graph, limit) in [(&limited, Some(32 << 20)), (&free, None)] {
            let options = QueryOptions {
                runtime: RuntimeConfig {
                    memory_limit: limit,
                    ..RuntimeConfig::default()
                },
                ..QueryOptions::default()
            };
            counts.push(graph.execute(text, &options).await.unwrap().written);
        }
        assert_eq!(counts[0], counts[1], "{text}");
        for query in LEFT {
            let expected = rows(&free, query, Engine::Local, None).await;
            let found = rows(&limited, query, Engine::Local, None).await;
            assert_eq!(found, expected, "{query} after {text}");
        }
    }
    let report = lance.check(grism::SnapshotSelector::Newest).await.unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}
