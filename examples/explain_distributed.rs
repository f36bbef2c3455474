//! How a query would be spread over a cluster: stages, exchanges, and why each exchange is there.
//!
//!     cargo run --example explain_distributed

use grism::{
    DistributedPlannerConfig, ExplainOptions, Graph, HyperedgeType, QueryOptions, Result,
    StatementKind, parse_statements,
};

#[tokio::main]
async fn main() -> Result<()> {
    let graph = Graph::in_memory();
    graph.declare(meeting()?).await?;
    let distributed = DistributedPlannerConfig {
        partitions: 8,
        ..DistributedPlannerConfig::default()
    };
    let options = QueryOptions {
        distributed,
        ..QueryOptions::default()
    };
    let explain = ExplainOptions {
        distributed: true,
        ..ExplainOptions::default()
    };
    for query in [
        "MATCH (m:MEETING)-[:organizer]->(o), (m)-[:attendee]->(a) RETURN o AS organizer, count(*) AS guests",
        "MATCH (m:MEETING)-[:attendee]->(a) RETURN m.topic AS topic, count(DISTINCT a) AS guests ORDER BY guests DESC, topic",
        "MATCH (m:MEETING) RETURN m.topic AS topic ORDER BY topic LIMIT 10",
    ] {
        println!(
            "── {query}\n\n{}",
            graph.explain(query, explain, &options).await?
        );
    }
    Ok(())
}

fn meeting() -> Result<HyperedgeType> {
    let text = "CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*, room Room?)";
    match parse_statements(text)?.remove(0).kind {
        StatementKind::CreateHyperedgeType { hyperedge_type, .. } => Ok(hyperedge_type),
        other => Err(grism::Error::internal(format!(
            "a declaration was expected, not {other:?}"
        ))),
    }
}
