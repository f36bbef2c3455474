//! How long a short query takes from text to plan.

use std::time::{Duration, Instant};

use super::testing::Graph;
use crate::query::Query;

const QUERIES: [&str; 4] = [
    "RETURN 1",
    "MATCH (p:Person {name: 'Ann'}) RETURN p.age",
    "MATCH (p:Person)-[k:KNOWS]->(q:Person) WHERE p.age > 30 RETURN q.name, k.since ORDER BY q.name LIMIT 10",
    "MATCH (m:MEETING)-[:attendee]->(p:Person), (m)-[:room]->(c:City) RETURN c.name, count(p) AS people",
];

/// The time of a query's parse and bind, without what other programs take: the shortest of many.
#[test]
fn a_short_query_is_parsed_and_bound_in_a_moment() {
    let graph = Graph::new();
    for text in QUERIES {
        let mut shortest = Duration::MAX;
        for _ in 0..200 {
            let start = Instant::now();
            let query = Query::parse(text).expect("a query");
            query.bind(graph.bind()).expect("a plan");
            shortest = shortest.min(start.elapsed());
        }
        println!("{shortest:>10.1?}  {text}");
        assert!(
            cfg!(debug_assertions) || shortest < Duration::from_micros(100),
            "{shortest:?} for {text}"
        );
    }
}
