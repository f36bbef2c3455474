//! What each rule of the optimizer does to queries that it is for: the plan before and after.

use grism::{LogicalPlan, QueryOptions};
use grism_logical::optimizer::{Facts, RULES};

use crate::fixtures;

/// The rule, the graph, and a query that the rule changes.
const CASES: &[(&str, &str, &str)] = &[
    (
        "fold_constants",
        "people",
        "MATCH (a:Person) WHERE a.age > 10 + 20 AND true RETURN a.name, 1 + 2 AS three",
    ),
    (
        "propagate_empty",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b:Person) WHERE false RETURN a.name, b.name",
    ),
    (
        "merge_alternatives",
        "people",
        "MATCH (a:Person) WHERE a.name = 'Ann' OR a.age = 30 OR a.name = 'Bob' RETURN a.id",
    ),
    (
        "push_filters",
        "people",
        "MATCH (a:Person) WITH a, a.age AS age WHERE a.age > 30 AND a.name <> 'Ann' RETURN a.name, age",
    ),
    (
        "merge_projections",
        "people",
        "MATCH (a:Person) WITH a.age AS age WITH age + 1 AS next RETURN next * 2 AS doubled",
    ),
    (
        "drop_implied_uniqueness",
        "people",
        "MATCH (a:Person)-[e:KNOWS]->(b:Person)<-[f:KNOWS]-(c:Person) WHERE a <> c RETURN a.name, c.name",
    ),
    (
        "semi_joins",
        "flights",
        "MATCH (a:Airport) WHERE EXISTS { MATCH (p:Plane) WHERE p.manufacturer = a.name } RETURN a.faa",
    ),
    (
        "weigh_patterns",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b)-[:KNOWS]->(c) RETURN count(*)",
    ),
    (
        "split_distinct",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person) WHERE a.id < c.id RETURN a.id, count(DISTINCT c) AS n",
    ),
    (
        "group_entities",
        "flights",
        "MATCH (o:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(d:Airport) WHERE d.faa <> 'JFK' RETURN o.name, avg(f.arr_delay) AS delay",
    ),
    (
        "limit_sort",
        "flights",
        "MATCH (p:Plane) RETURN p.tailnum AS t, p.seats AS s ORDER BY s DESC SKIP 2 LIMIT 3",
    ),
    (
        "prune_columns",
        "people",
        "MATCH (a:Person)-[k:KNOWS]->(b:Person) WHERE k.since > 2000 RETURN b.name",
    ),
    (
        "count_expansions",
        "people",
        "MATCH (a:Person)-[:KNOWS]->(b) RETURN a.name, count(*)",
    ),
    (
        "drop_duplicates",
        "people",
        "MATCH (a:Person {name: 'Ann'})-[:KNOWS*]->(b:Person) RETURN DISTINCT b.name",
    ),
    (
        "push_fetches",
        "flights",
        "MATCH (p:Plane {tailnum: 'N14228'})<-[:plane]-(f:FLIGHT)-[:origin]->(o:Airport)<-[:airport]-(w:WEATHER) \
         WHERE f.month = w.month RETURN o.faa, w.temp",
    ),
    (
        "follow_lists",
        "flights",
        "MATCH (a:Airport) ((x:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(y:Airport))+ (b:Airport) RETURN DISTINCT b.faa",
    ),
    (
        "group_components",
        "people",
        "MATCH (a:Person)-[:KNOWS*0..]-(b:Person) RETURN a.id, min(b.id)",
    ),
    (
        "compare_keys",
        "flights",
        "MATCH (o:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(d:Airport) WHERE o.faa <> d.faa RETURN f.flight",
    ),
    (
        "use_indexes",
        "people",
        "MATCH (a:Person {name: 'Ann'})-[:KNOWS]->(b:Person) RETURN b.name",
    ),
];

/// The index that `use_indexes` finds.
const INDEX: &str = "CREATE INDEX names FOR (p:Person) ON (p.name)";

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_does_what_it_is_for() {
    for (name, graph, query) in CASES {
        let graph = fixtures::graph(graph, None).await.unwrap();
        let options = QueryOptions::default();
        if *name == "use_indexes" {
            graph.execute(INDEX, &options).await.unwrap();
        }
        let prepared = graph.prepare(query, &options).await.unwrap();
        let facts = Facts {
            schema: prepared.snapshot.schema(),
            statistics: prepared.snapshot.statistics(),
        };
        let end = RULES.iter().position(|rule| rule.name == *name).unwrap();
        let apply = |plan: LogicalPlan, end: usize| {
            RULES[..end]
                .iter()
                .try_fold(plan, |plan, rule| (rule.apply)(plan, facts))
        };
        let before = apply(prepared.bound.into_plan(), end).unwrap();
        let after = (RULES[end].apply)(before.clone(), facts).unwrap();
        assert_ne!(before, after, "{name} changes nothing of `{query}`");
        let text = format!("{query}\n\nbefore:\n{before}\nafter:\n{after}");
        insta::with_settings!({
            prepend_module_to_snapshot => false,
            omit_expression => true,
            snapshot_path => "rules",
        }, {
            insta::assert_snapshot!(*name, text);
        });
    }
}

#[test]
fn every_rule_has_a_case() {
    let shown: Vec<&str> = CASES.iter().map(|(rule, ..)| *rule).collect();
    for rule in RULES {
        assert!(shown.contains(&rule.name), "{}", rule.name);
    }
}
