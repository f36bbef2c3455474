//! Grism embedded in a Rust program: load a graph, plan a query, run it.
//!
//!     cargo run --example local_embedding

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::util::pretty::pretty_format_batches;
use grism::{
    Graph, ImportOptions, ImportSource, LanceStorage, LocalExecutor, LocalPhysicalPlanner,
    MissingMember, Parameters, QueryOptions, Result, RoleSource, SnapshotSelector, StatementKind,
    Storage, Value, parse_statements,
};

const DECLARATION: &str =
    "CREATE HYPEREDGE TYPE FLIGHT (carrier Airline, origin Airport, dest Airport, plane Plane?)";

fn data(table: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/data")
        .join(format!("{table}.parquet"))
}

#[tokio::main]
async fn main() -> Result<()> {
    let directory = std::env::temp_dir().join(format!("grism-embedding-{}", std::process::id()));
    let path = directory.join("flights.grism");
    load(&path).await?;

    // What a program does with a graph that is there: open it, plan a query, run the plan.
    let storage: Arc<dyn Storage> = Arc::new(LanceStorage::open(&path).await?);
    let graph = Graph::over(Arc::clone(&storage));
    let query = "MATCH (f:FLIGHT)-[:carrier]->(a:Airline) WHERE f.distance > $d \
                 RETURN a.name AS airline, count(*) AS flights ORDER BY flights DESC LIMIT 5";
    let parameters = Parameters::from([("d".to_owned(), Value::Int64(1000))]);
    let options = QueryOptions {
        parameters,
        ..QueryOptions::default()
    };
    let logical_plan = graph.prepare(query, &options).await?.optimized;
    let plan = LocalPhysicalPlanner::new().plan(&logical_plan)?;
    println!("{}", plan.display());
    let result = LocalExecutor::new()
        .execute(plan, storage, SnapshotSelector::Newest)
        .await?;
    println!("{}", pretty_format_batches(&result.collect().await?)?);

    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

async fn load(path: &Path) -> Result<()> {
    let graph = Graph::open(&path.to_string_lossy(), true).await?;
    if let StatementKind::CreateHyperedgeType {
        hyperedge_type: flight,
        ..
    } = parse_statements(DECLARATION)?.remove(0).kind
    {
        graph.declare(flight).await?;
    }
    let read =
        |table: &str| ImportSource::file(data(table).to_string_lossy(), ImportOptions::default());
    for (label, table, key) in [
        ("Airline", "airlines", "carrier"),
        ("Airport", "airports", "faa"),
        ("Plane", "planes", "tailnum"),
    ] {
        println!("{}", graph.load_nodes(label, read(table), key).await?);
    }
    let role = |role: &str, column: &str| {
        (
            role.to_owned(),
            RoleSource {
                label: None,
                column: column.to_owned(),
            },
        )
    };
    let roles = BTreeMap::from([
        role("carrier", "carrier"),
        role("origin", "origin"),
        role("dest", "dest"),
        role("plane", "tailnum"),
    ]);
    println!(
        "{}\n",
        graph
            .load_hyperedges("FLIGHT", read("flights"), &roles, MissingMember::Create)
            .await?
    );
    Ok(())
}
