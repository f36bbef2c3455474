//! The query corpus, `tests/queries/*.slt`, on every runtime that lives in this process.
//!
//! The second line of a file names its graph: `# graph: people`. Every statement runs in memory and on Lance, locally
//! with one thread and with all, and in stages with 1, 2 and 7 partitions. Ray runs the same files from Python.
//!
//! Each file is a test of its own: `cargo test --test corpus corpus::people`. The plans of its queries lie in
//! `tests/plans/corpus`; `INSTA_UPDATE=always` writes them, and `GRISM_BLESS=1` writes answers.

mod custom_operator;
mod faults;
mod fixtures;
mod functions;
mod language;
mod memory_limit;
mod orders;
mod parameters;
mod plans;
mod stopping;
mod storage_conformance;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use arrow::array::Array;
use async_trait::async_trait;
use grism::{DistributedPlannerConfig, Engine, Error, Graph, QueryOptions, RuntimeConfig, Value};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Record, parse_file};
use tempfile::TempDir;
use tokio::runtime::Runtime as TokioRuntime;
use tokio::sync::Mutex;

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

/// A test for each file of the corpus.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        const CASES: &[&str] = &[$(stringify!($name)),*];

        mod corpus {
            $(
                #[test]
                fn $name() {
                    super::check_file(stringify!($name));
                }
            )*
        }
    };
}

cases!(
    after_grouping,
    alterations,
    calendar,
    chains,
    claims,
    constraints,
    counting,
    empty,
    entities_as_values,
    flights,
    hyperedge_writes,
    hyperedges,
    hyperedges_flights,
    load_csv,
    load_rows,
    lookups,
    mistakes,
    names,
    not_reached,
    odd_names,
    odd_values,
    people,
    planned_together,
    properties_named_like_roles,
    ranges,
    returned_by_writes,
    run_time_types,
    search,
    set_and_merge,
    shared_values,
    statistics,
    step_kinds,
    subqueries,
    values_in_lists,
    variables,
);

#[test]
fn every_file_is_a_case() {
    let directory = queries();
    let files = std::fs::read_dir(directory).expect("the corpus");
    let mut names: Vec<String> = files
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "slt"))
        .map(|path| {
            let stem = path.file_stem().expect("a name");
            stem.to_string_lossy().into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names, CASES);
}

/// Runs what all cases share: the graphs of one case are read by another.
static TOKIO: LazyLock<TokioRuntime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    runtime.expect("a runtime")
});

/// The graphs that files only read, by name and by whether they are on disk.
static GRAPHS: LazyLock<Mutex<BTreeMap<(String, bool), Graph>>> = LazyLock::new(Mutex::default);

/// The directory of the graphs that files only read.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    // Left over by the run before.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    directory
});

fn queries() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries")
}

/// Whether a file changes its graph, as its header says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Reads,
    Writes,
}

/// A file of the corpus.
struct File {
    path: PathBuf,
    graph: String,
    access: Access,
}

impl File {
    fn read(name: &str) -> Self {
        let path = queries().join(format!("{name}.slt"));
        let text = std::fs::read_to_string(&path).expect("a file of the corpus");
        let graph = text.lines().find_map(|line| line.strip_prefix("# graph: "));
        let graph = graph.unwrap_or_else(|| panic!("{name} names no graph"));
        let graph = graph.trim().to_owned();
        let access = match text.lines().any(|line| line == "# writes") {
            true => Access::Writes,
            false => Access::Reads,
        };
        Self {
            path,
            graph,
            access,
        }
    }

    /// The graph, and the directory that goes with it where the file gets one of its own.
    async fn graph(&self, runtime: Runtime) -> (Graph, Option<TempDir>) {
        if self.access == Access::Writes {
            let directory = tempfile::tempdir().expect("a directory");
            let place = runtime.lance.then_some(directory.path());
            let graph = fixtures::graph(&self.graph, place).await;
            return (graph.expect("the graph is made"), Some(directory));
        }
        let mut graphs = GRAPHS.lock().await;
        let key = (self.graph.clone(), runtime.lance);
        if let Some(graph) = graphs.get(&key) {
            return (graph.clone(), None);
        }
        let place = runtime.lance.then_some(DIRECTORY.as_path());
        let graph = fixtures::graph(&self.graph, place).await;
        let graph = graph.expect("the graph is made");
        graphs.insert(key, graph.clone());
        (graph, None)
    }
}

fn options(runtime: Runtime) -> QueryOptions {
    QueryOptions {
        engine: runtime.engine,
        // Small batches, so that small graphs have many.
        runtime: RuntimeConfig {
            batch_rows: if runtime.lance { 8192 } else { 1000 },
            // The graphs are small: otherwise one thread would be done before others start.
            alone_micros: 0,
            ..RuntimeConfig::default().with_threads(runtime.threads)
        },
        distributed: DistributedPlannerConfig {
            partitions: runtime.partitions,
            adjacency_replication_limit: runtime.replicated,
            broadcast_rows: if runtime.partitions == 7 { 0 } else { 10_000 },
        },
        ..QueryOptions::default()
    }
}

/// Checks that each statement of a file has one answer on every runtime, and that its plans are as they were.
fn check_file(name: &str) {
    let file = File::read(name);
    if std::env::var_os("GRISM_BLESS").is_some() {
        TOKIO.block_on(bless(&file));
        return;
    }
    let (mut plans, mut failures) = (String::new(), Vec::new());
    for (number, runtime) in RUNTIMES.into_iter().enumerate() {
        let explained = (number == 0).then_some(&mut plans);
        failures.extend(TOKIO.block_on(run(&file, runtime, explained)));
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    plans::assert_plans(name, &plans);
}

/// Runs the statements of a file; what differs from its answers. Plans are added to `plans` before each statement runs.
async fn run(file: &File, runtime: Runtime, mut plans: Option<&mut String>) -> Vec<String> {
    let (graph, _directory) = file.graph(runtime).await;
    let mut runner = runner(&graph, runtime);
    let mut failures = Vec::new();
    for record in parse_file::<DefaultColumnType>(&file.path).expect("a file of the corpus") {
        if matches!(record, Record::Halt { .. }) {
            break;
        }
        if let Some(plans) = plans.as_deref_mut() {
            plans.push_str(&plans::explained(&graph, &record).await);
        }
        if let Err(error) = runner.run_async(record).await {
            failures.push(format!("{}: {error}", runtime.name));
        }
    }
    failures
}

/// Writes down what the first runtime answers; the others must agree, and a person must have looked.
async fn bless(file: &File) {
    let (graph, _directory) = file.graph(RUNTIMES[0]).await;
    let blessed = runner(&graph, RUNTIMES[0])
        .update_test_file(
            &file.path,
            " ",
            sqllogictest::default_validator,
            sqllogictest::default_normalizer,
            sqllogictest::default_column_validator,
        )
        .await;
    blessed.expect("the file is written");
}

fn runner(
    graph: &Graph,
    runtime: Runtime,
) -> sqllogictest::Runner<Database, impl sqllogictest::MakeConnection<Conn = Database>> {
    let (graph, options) = (graph.clone(), options(runtime));
    sqllogictest::Runner::new(move || {
        let (graph, options) = (graph.clone(), options.clone());
        async move { Ok(Database { graph, options }) }
    })
}
