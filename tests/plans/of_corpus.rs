//! The physical plans of the corpus, on one machine and in stages: one snapshot for each file.

use grism::{DistributedPlannerConfig, ExplainOptions, Graph, QueryOptions, RuntimeConfig};
use sqllogictest::{DefaultColumnType, Record, StatementExpect};

/// Calls whose value in a plan is the time at which it was made.
const CLOCKS: [&str; 3] = ["timestamp()", "time()", "date()"];

/// The plans of a statement over the graph as it is; empty for what is meant to fail, for what has no plan, and for one that tells
/// the time. Of a query that writes only what it reads before the first write would have stages, which is not shown.
pub(crate) async fn explained(graph: &Graph, record: &Record<DefaultColumnType>) -> String {
    let text = match record {
        Record::Query { sql, .. } => sql,
        Record::Statement {
            sql,
            expected: StatementExpect::Ok,
            ..
        } => sql,
        _ => return String::new(),
    };
    let lower = text.to_lowercase();
    if CLOCKS.iter().any(|clock| lower.contains(clock)) {
        return String::new();
    }
    let options = options();
    let local = ExplainOptions::default();
    let staged = ExplainOptions {
        distributed: true,
        ..ExplainOptions::default()
    };
    let mut plans = String::new();
    let writes = graph.writes(text).unwrap_or_default();
    for explain in [local, staged].into_iter().take(if writes { 1 } else { 2 }) {
        if let Ok(plan) = graph.explain(text, explain, &options).await {
            plans.push_str(&format!("\n{}\n", plan.trim_end()));
        }
    }
    match plans.is_empty() {
        true => plans,
        false => format!("{text}\n{plans}\n--------\n"),
    }
}

/// Compares the plans of a file with those that were reviewed.
pub(crate) fn assert_plans(file: &str, plans: &str) {
    insta::with_settings!({
        prepend_module_to_snapshot => false,
        omit_expression => true,
        snapshot_path => "corpus",
    }, {
        insta::assert_snapshot!(file, plans);
    });
}

/// Two threads, and three partitions whose expansions are routed, so that every exchange shows.
fn options() -> QueryOptions {
    QueryOptions {
        runtime: RuntimeConfig::default().with_threads(2),
        distributed: DistributedPlannerConfig {
            partitions: 3,
            adjacency_replication_limit: 0,
            broadcast_rows: 10_000,
        },
        ..QueryOptions::default()
    }
}
