//! Tests of clauses: each query, and its plan.

use grism_core::{Error, Result};

use super::{Rows, bind_clause, bind_query};
use crate::binder::Notes;
use crate::binder::testing::{Graph, report, warnings_text};
use crate::query::Query;

fn planned(graph: &Graph, query: &Query) -> Result<String> {
    let mut notes = Notes::default();
    let plan = bind_query(query.context(graph.bind()), &mut notes, query.syntax())?;
    let volatile = if notes.volatile {
        "for one run only\n"
    } else {
        ""
    };
    Ok(format!(
        "{plan}{volatile}{}",
        warnings_text(&notes.warnings)
    ))
}

fn queries(texts: &[&str]) -> String {
    let graph = Graph::new();
    report(texts, str::to_owned, |query| planned(&graph, query))
}

#[test]
fn matches() {
    let texts = [
        "MATCH (n:Person) RETURN n.name",
        "MATCH (n:Person) WHERE n.age > 21 AND n.name = 'Ada' RETURN n.name",
        "MATCH (n:Person)-[:KNOWS]->(o) MATCH (o)-[:LIVES_IN]->(c:City) RETURN c.name",
        "MATCH (h:MEETING)-[:attendee]->(p) MATCH (h)-[:attendee]->(q) RETURN p.name, q.name",
        "MATCH (n:Person) OPTIONAL MATCH (n)-[:KNOWS]->(o) WHERE o.age > n.age RETURN n.name, o.name",
        "MATCH (n:Person) WHERE (n)-[:KNOWS]->() RETURN n.name",
        "MATCH (n:Person) WHERE NOT EXISTS { (n)-[:KNOWS]->() } AND n.age > 1 RETURN n.name",
        "MATCH (n:Person) WHERE COUNT { (n)-[:KNOWS]->() } > 1 RETURN n.name",
        "MATCH (n:Person) WHERE n.age RETURN n",
        "MATCH (n:Person) WHERE n.name RETURN n.name",
        "MATCH (n:Person) WHERE rand() < 0.5 MATCH (n)-[:KNOWS]->(o) RETURN o.name",
        "MATCH w = (n:Person)-[:KNOWS]->(o) RETURN length(w)",
        "MATCH ACYCLIC (n:City)-[:KNOWS]->(o)-[:KNOWS]->(t) RETURN 1 AS one",
        "MATCH (n:City)-[r]-(o) RETURN type(r)",
        "MATCH (n:City)-[r]-(o) WHERE r.since > 1 RETURN o.name",
        "MATCH (n:Person) MATCH (n)--(o) RETURN o.name",
        "MATCH (n)-[r:KNOWS]->(n) RETURN n.name",
    ];
    insta::assert_snapshot!(queries(&texts));
}

#[test]
fn projections() {
    let texts = [
        "RETURN 1 AS one, 'x'",
        "MATCH (n:Person) RETURN *",
        "MATCH (n:Person) RETURN n",
        "MATCH (n:Person) RETURN DISTINCT n.name ORDER BY n.name DESC SKIP 1 LIMIT 1 + 1",
        "MATCH (n:Person) RETURN DISTINCT n.name ORDER BY n.age",
        "MATCH (n:Person) RETURN n.name AS x ORDER BY n.age, x",
        "MATCH (n:Person) RETURN n.name ORDER BY count(*)",
        "MATCH (n:Person) RETURN n.name, count(*) AS c ORDER BY c",
        "MATCH (n:Person) RETURN n.age + count(*)",
        "MATCH (n:Person) RETURN n.age AS a, a + count(*)",
        "MATCH (n:Person) RETURN n, n.age + count(*)",
        "MATCH (n:Person) RETURN collect(n)[0].name AS first",
        "MATCH (n:Person) WITH n.name AS x WHERE n.age > 1 RETURN x",
        "MATCH (n:Person) WITH DISTINCT n.name AS x WHERE n.age > 1 RETURN x",
        "MATCH (n:Person) WITH n.name AS x, count(*) AS c WHERE c > 1 RETURN x",
        "MATCH (n:Person) WITH n.name AS x, count(*) AS c WHERE n.age > 1 RETURN x",
        "MATCH (n:Person) WITH n.name RETURN 1",
        "MATCH (n:Person) RETURN n.name AS x, n.age AS x",
        "RETURN *",
        "MATCH (n) RETURN n LIMIT n.age",
        "MATCH (n) RETURN n LIMIT -1",
        "MATCH (n) RETURN n SKIP 'x'",
        "MATCH (n) RETURN n LIMIT COUNT { (m) }",
        "RETURN date() AS today",
        "MATCH (n:Person) RETURN n.name ORDER BY n.age NULLS FIRST",
        "WITH 1 AS `a.b` RETURN `a.b`",
    ];
    insta::assert_snapshot!(queries(&texts));
}

#[test]
fn unwinds_and_procedures() {
    let texts = [
        "UNWIND [1, 2] AS x RETURN x",
        "UNWIND 1 AS x RETURN x",
        "UNWIND null AS x RETURN x",
        "UNWIND $map.list AS x RETURN x",
        "WITH 1 AS x UNWIND [x] AS x RETURN x",
        "MATCH (n:Person) UNWIND [(n)-[:KNOWS]->(o) | o.name] AS name RETURN name",
        "CALL math.square(1)",
        "CALL math.square(1) YIELD square AS s RETURN s",
        "UNWIND [1, 2] AS x CALL math.square(x) YIELD square WHERE square > x RETURN x, square",
        "UNWIND [1, 2] AS x CALL math.square(x) RETURN x",
        "CALL math.square('x') YIELD square RETURN square",
        "CALL math.square(1, 2) YIELD square RETURN square",
        "CALL math.square(count(1)) YIELD square RETURN square",
        "CALL math.sqare(1) YIELD square RETURN square",
        "CALL math.square(1) YIELD sqare RETURN sqare",
        "CALL db.labels() YIELD label RETURN label",
        "CALL db.index.fulltext.queryNodes('names', 'ada', 3) YIELD node, score RETURN node.name, score",
        "CALL db.index.vector.queryNodes('names', 3, [1.0]) YIELD node RETURN node",
        "CALL db.index.fulltext.queryNodes('nmes', 'ada', 3) YIELD node RETURN node",
        "MATCH (n) CALL math.square(1) YIELD square AS n RETURN n",
        "OPTIONAL CALL math.square(1) YIELD square RETURN square",
    ];
    insta::assert_snapshot!(queries(&texts));
}

#[test]
fn subqueries_and_unions() {
    let texts = [
        "MATCH (n:Person) CALL (n) { MATCH (n)-[:KNOWS]->(o) RETURN count(o) AS friends } RETURN n.name, friends",
        "MATCH (n:Person) CALL { WITH n MATCH (n)-[:KNOWS]->(o) RETURN o } RETURN o.name",
        "MATCH (n:Person) OPTIONAL CALL (n) { MATCH (n)-[:KNOWS]->(o) RETURN o LIMIT 1 } RETURN o.name",
        "CALL () { RETURN 1 AS x UNION RETURN 2 AS x } RETURN x",
        "CALL () { RETURN 1 AS x UNION RETURN 2 AS y } RETURN x",
        "MATCH (n) CALL (*) { RETURN n.name AS n } RETURN n",
        "MATCH (n) CALL (m) { RETURN 1 AS x } RETURN x",
        "MATCH (n) CALL (n) { MATCH (n)-->(o) } RETURN n",
        "CALL () { RETURN 1 AS x } IN TRANSACTIONS RETURN x",
        "RETURN 1 AS x UNION RETURN 2 AS x",
        "RETURN 1 AS x UNION ALL RETURN 'y' AS x",
        "RETURN 1 AS x UNION RETURN 2 AS y",
        "MATCH (n)",
        "MATCH (n) RETURN n MATCH (o) RETURN o",
        "LOAD CSV FROM 'x' AS row RETURN row",
        "MATCH (n:Persn) RETURN n.name UNION MATCH (n:Persn) RETURN n.name",
    ];
    insta::assert_snapshot!(queries(&texts));
}

/// Clauses that a frame or a query that writes binds one by one.
#[test]
fn a_clause_extends_rows_that_come_from_outside() {
    let graph = Graph::new();
    let texts = [
        "MATCH (n)-[:KNOWS]->(o) RETURN 1",
        "MATCH (v) RETURN 1",
        "MATCH (v)-[:KNOWS]->(v2) WHERE v2.age = v.age RETURN 1",
        "UNWIND ints AS y RETURN 1",
        "WITH ns[0] AS first, s RETURN 1",
    ];
    let text = report(&texts, str::to_owned, |query| {
        let (scope, columns) = graph.bound_before();
        let mut notes = Notes::default();
        let context = query.context(graph.bind());
        let clause = &query.syntax().head.clauses[0];
        let rows = Rows::argument(columns, scope);
        let rows = bind_clause(context, &mut notes, rows, clause)?;
        let names: Vec<&str> = rows.scope.names().collect();
        Ok::<_, Error>(format!("{}variables: {}", rows.plan, names.join(", ")))
    });
    insta::assert_snapshot!(text);
}
