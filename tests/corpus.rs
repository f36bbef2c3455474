//! The query corpus, `tests/queries/*.slt`, on every runtime that lives in this process.
//!
//! The second line of a file names its graph: `# graph: people`. Every statement runs in memory and on Lance, locally
//! with one thread and with all, and in stages with 1, 2 and 7 partitions. Ray runs the same files from Python.

mod custom_operator;
mod faults;
mod fixtures;
mod functions;
mod language;
mod memory_limit;
mod parameters;
mod plans;
mod stopping;
mod storage_conformance;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::Array;
use async_trait::async_trait;
use grism::{DistributedPlannerConfig, Engine, Error, Graph, QueryOptions, RuntimeConfig, Value};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Record, parse_file};

/// A way to run a query.
#[derive(Clone, Copy, Debug)]
struct Runtime {
    name: &'static str,
    lance: bool,
    engine: Engine,
    threads: usize,
    partitions: usize,
    /// Bytes of adjacency that are read everywhere; 0 routes every expansion.
    replicated: u64,
}

const fn local(name: &'static str, lance: bool, threads: usize) -> Runtime {
    Runtime {
        name,
        lance,
        engine: Engine::Local,
        threads,
        partitions: 1,
        replicated: 0,
    }
}

const fn staged(name: &'static str, lance: bool, partitions: usize, replicated: u64) -> Runtime {
    Runtime {
        name,
        lance,
        engine: Engine::Staged,
        threads: 2,
        partitions,
        replicated,
    }
}

const RUNTIMES: [Runtime; 9] = [
    local("memory, local, 1 thread", false, 1),
    local("memory, local, 4 threads", false, 4),
    local("lance, local, 1 thread", true, 1),
    local("lance, local, 4 threads", true, 4),
    staged("memory, staged, 1 partition", false, 1, 0),
    staged(
        "memory, staged, 7 partitions, adjacency routed",
        false,
        7,
        0,
    ),
    staged("lance, staged, 2 partitions, adjacency routed", true, 2, 0),
    staged("lance, staged, 2 partitions", true, 2, u64::MAX),
    staged("lance, staged, 7 partitions", true, 7, u64::MAX),
];

struct Database {
    graph: Graph,
    options: QueryOptions,
    statements: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Failure(Error);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // One line, so that a file can give a pattern for it.
        write!(f, "{}: {}", self.0.kind(), self.0.message())
    }
}

impl std::error::Error for Failure {}

#[async_trait]
impl AsyncDB for Database {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, text: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = self
            .graph
            .execute(text, &self.options)
            .await
            .map_err(Failure)?;
        let columns = result.schema().columns().columns.len();
        let batches = result.collect().await.map_err(Failure)?;
        if columns == 0 {
            return Ok(DBOutput::StatementComplete(0));
        }
        let mut rows = Vec::new();
        for batch in batches {
            for row in 0..batch.num_rows() {
                rows.push(
                    batch
                        .columns()
                        .iter()
                        .map(|column| cell(column, row))
                        .collect(),
                );
            }
        }
        Ok(DBOutput::Rows {
            types: vec![DefaultColumnType::Any; columns],
            rows,
        })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "grism"
    }
}

fn cell(column: &dyn Array, row: usize) -> String {
    match without_nulls(grism::plain(
        Value::from_array(column, row).expect("a value"),
    )) {
        Value::Null => "NULL".to_owned(),
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text,
        Value::Float64(value) => float(value),
        other => other.to_string(),
    }
}

/// Entities hold the properties that they have, and not all that their table has.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Map(mut entries) => {
            let kind = entries.contains_key("labels") || entries.contains_key("type");
            if kind
                && entries.contains_key("id")
                && let Some(Value::Map(properties)) = entries.get_mut("properties")
            {
                properties.retain(|_, value| !value.is_null());
            }
            Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, without_nulls(value)))
                    .collect(),
            )
        }
        Value::List(items) => Value::List(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Floats to ten digits: what differs further down differs with the order of a sum.
fn float(value: f64) -> String {
    let rounded: f64 = format!("{value:.9e}").parse().expect("a float");
    format!("{rounded:?}")
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "slt"));
    files.sort();
    files
}

fn graph_name(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a file of the corpus");
    let line = text.lines().find_map(|line| line.strip_prefix("# graph: "));
    line.unwrap_or_else(|| panic!("{} names no graph", path.display()))
        .trim()
        .to_owned()
}

fn writes(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).expect("a file of the corpus");
    text.lines().any(|line| line == "# writes")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_corpus_has_one_answer_on_every_runtime() {
    let directory = tempfile::tempdir().expect("a directory");
    let graphs: Mutex<BTreeMap<(String, bool), Graph>> = Mutex::default();
    let (mut report, mut failures) = (Vec::new(), Vec::new());
    let runtimes = if std::env::var_os("GRISM_BLESS").is_some() {
        &RUNTIMES[..1]
    } else {
        &RUNTIMES[..]
    };
    for runtime in runtimes {
        let statements = Arc::new(AtomicUsize::new(0));
        let start = std::time::Instant::now();
        for path in files() {
            let name = graph_name(&path);
            // A file that writes says so, and gets a graph of its own.
            let writes = writes(&path);
            let known = graphs
                .lock()
                .expect("no panic")
                .get(&(name.clone(), runtime.lance))
                .cloned()
                .filter(|_| !writes);
            let graph = match known {
                Some(graph) => graph,
                None => {
                    let own = tempfile::tempdir_in(directory.path())
                        .expect("a directory")
                        .keep();
                    let place = runtime.lance.then_some(own.as_path());
                    let graph = fixtures::graph(&name, place)
                        .await
                        .expect("the graph is made");
                    if !writes {
                        graphs
                            .lock()
                            .expect("no panic")
                            .insert((name, runtime.lance), graph.clone());
                    }
                    graph
                }
            };
            let options = QueryOptions {
                engine: runtime.engine,
                // Small batches, so that small graphs have many.
                runtime: RuntimeConfig {
                    batch_rows: if runtime.lance { 8192 } else { 1000 },
                    ..RuntimeConfig::default().with_threads(runtime.threads)
                },
                distributed: DistributedPlannerConfig {
                    partitions: runtime.partitions,
                    adjacency_replication_limit: runtime.replicated,
                    broadcast_rows: if runtime.partitions == 7 { 0 } else { 10_000 },
                },
                ..QueryOptions::default()
            };
            let statements = Arc::clone(&statements);
            let mut runner = sqllogictest::Runner::new(move || {
                let (graph, options, statements) =
                    (graph.clone(), options.clone(), Arc::clone(&statements));
                async move {
                    Ok(Database {
                        graph,
                        options,
                        statements,
                    })
                }
            });
            if std::env::var_os("GRISM_BLESS").is_some() {
                // Writes down what the first runtime answers; the others must agree, and a person must have looked.
                let (validator, normalizer) = (
                    sqllogictest::default_validator,
                    sqllogictest::default_normalizer,
                );
                let columns = sqllogictest::default_column_validator;
                let blessed = runner
                    .update_test_file(&path, " ", validator, normalizer, columns)
                    .await;
                blessed.expect("the file is written");
                continue;
            }
            for record in parse_file::<DefaultColumnType>(&path).expect("a file of the corpus") {
                if matches!(record, Record::Halt { .. }) {
                    break;
                }
                if let Err(error) = runner.run_async(record).await {
                    failures.push(format!("{}: {error}", runtime.name));
                }
            }
        }
        report.push((
            runtime.name,
            statements.load(Ordering::Relaxed),
            start.elapsed(),
        ));
    }
    println!("\ncorpus statements by runtime:");
    for (name, statements, elapsed) in report {
        println!("  {statements:5}  {name}  ({:.1} s)", elapsed.as_secs_f64());
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}
