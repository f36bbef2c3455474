//! People who know each other, for tests of expansions.

use grism_core::{EntityId, TableId, Value};
use grism_logical::Direction;

use crate::testing::TestGraph;

pub(super) const DIRECTIONS: [Direction; 3] = [Direction::Out, Direction::In, Direction::Both];

/// The raw id of a row.
pub(super) fn id(table: TableId, offset: u64) -> u64 {
    EntityId::new(table, offset).raw()
}

/// A graph of `nodes` nodes and of binary edges between them.
pub(super) fn graph_of(nodes: usize, edges: &[(u64, u64)]) -> (TestGraph, TableId, TableId) {
    let mut graph = TestGraph::new();
    let values: Vec<Value> = (0..nodes as i64).map(Value::Int64).collect();
    let person = graph.nodes("Person", "number", &values);
    let edges = edges
        .iter()
        .map(|(source, target)| (id(person, *source), id(person, *target)));
    let knows = graph.edges("KNOWS", &edges.collect::<Vec<_>>());
    (graph, person, knows)
}
