//! What the planner makes of queries: the plan as the text says, and after the optimizer.
//!
//! The snapshots lie in `snapshots/`, those of the rules in `rules/` and those of the corpus in `corpus/`;
//! `INSTA_UPDATE=always` writes them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod deep;
mod of_corpus;
mod of_rules;

pub(crate) use of_corpus::{assert_plans, explained};

use grism::QueryOptions;

use crate::fixtures;

/// What is shown, the graph, and the query.
const PLANS: &[(&str, &str, &str)] = &[
    (
        "predicates_reach_scans_and_expansions",
        "people",
        "MATCH (a:Person)-[k:KNOWS]->(b:Person) WHERE a.age > 30 AND b.age < 40 AND k.since > 2000 RETURN a.name, b.name",
    ),
    (
        "a_star_of_roles_is_one_scan",
        "flights",
        "MATCH (f:FLIGHT)-[:carrier]->(c:Airline), (f)-[:origin]->(o:Airport) MATCH (f)-[:dest]->(d:Airport) \
         RETURN c.name, o.faa, d.faa",
    ),
    (
        "clauses_are_ordered_by_cost",
        "flights",
        "MATCH (f:FLIGHT)-[:dest]->(d:Airport) MATCH (f)-[:plane]->(p:Plane) WHERE p.tailnum = 'N14228' RETURN d.faa",
    ),
    (
        "a_cycle_is_closed_without_a_product",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)-[:KNOWS]->(a) RETURN a.name, b.name, c.name",
    ),
    (
        "exists_over_equal_values_is_a_semi_join",
        "flights",
        "MATCH (a:Airport) WHERE EXISTS { MATCH (p:Plane) WHERE p.manufacturer = a.name } RETURN a.faa",
    ),
    (
        "exists_over_one_expansion_is_a_count",
        "flights",
        "MATCH (p:Plane) WHERE NOT (p)<-[:plane]-() RETURN p.tailnum",
    ),
    (
        "a_count_over_an_expansion_makes_no_rows",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c) WHERE a.age < b.age RETURN a.name, count(*)",
    ),
    (
        "a_count_of_incidences_makes_no_rows",
        "flights",
        "MATCH (p:Plane {tailnum: 'N14228'})<-[:plane]-(f:FLIGHT) RETURN count(*)",
    ),
    (
        "distinct_end_points_are_searched_for",
        "people",
        "MATCH (a:Person {name: 'Ann'})-[:KNOWS*]->(b:Person) RETURN DISTINCT b.name",
    ),
    (
        "paths_are_followed_where_they_are_read",
        "people",
        "MATCH p = (a:Person {name: 'Ann'})-[:KNOWS*1..3]->(b:Person) RETURN length(p), b.name",
    ),
    (
        "duplicates_are_dropped_before_an_expansion",
        "flights",
        "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Plane)<-[:plane]-(g:FLIGHT)-[:carrier]->(b:Airline) \
         WHERE a.carrier < b.carrier RETURN DISTINCT a.carrier, b.carrier",
    ),
    (
        "an_alternative_without_rows_is_dropped",
        "flights",
        "MATCH (p {tailnum: 'N14228'})-[r1]-(f)-[r2]-(other) RETURN count(DISTINCT other)",
    ),
    (
        "a_limit_bounds_the_sort",
        "flights",
        "MATCH (p:Plane) RETURN p.tailnum ORDER BY p.seats DESC LIMIT 3",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_as_they_were() {
    for (name, graph, query) in PLANS {
        let graph = fixtures::graph(graph, None).await.unwrap();
        let prepared = graph
            .prepare(query, &QueryOptions::default())
            .await
            .unwrap();
        let text = format!(
            "{query}\n\nas the text says:\n{}\noptimized:\n{}",
            prepared.bound, prepared.optimized
        );
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(*name, text);
        });
    }
}
