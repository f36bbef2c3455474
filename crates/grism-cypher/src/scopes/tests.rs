//! Tests of scopes: each query, and what is wrong with it whatever the graph holds.

use grism_core::{GraphSchema, HyperedgeType};

use crate::binder::testing::report;

/// What becomes of the queries, over a graph in which these types of binary edges are declared.
fn checked(declared: &[&str], texts: &[&str]) -> String {
    let mut schema = GraphSchema::default();
    for name in declared {
        let binary = HyperedgeType::binary_edge(*name);
        schema
            .declare(HyperedgeType {
                declared: true,
                ..binary
            })
            .unwrap();
    }
    report(texts, str::to_owned, |query| {
        query.check(&schema)?;
        Ok("fine".to_owned())
    })
}

#[test]
fn variables_keep_their_kind() {
    let texts = [
        "MATCH ()-[r]->() MATCH (r) RETURN r",
        "MATCH ()-[r]->() WITH r MATCH (r)-->() RETURN r",
        "MATCH ()-[r]->() WITH r AS x MATCH (x) RETURN x",
        "MATCH ()-[r]->() WITH * MATCH (a)-->(r) RETURN a",
        "MATCH ()-[r]->() WITH collect(r)[0] AS x MATCH (x) RETURN x",
        "MATCH ()-[r]->() WHERE (r)-->() RETURN r",
        "MATCH ()-[r]->() RETURN EXISTS { (r) }",
        "MATCH ()-[r]->() RETURN [(r)-->(x) | x]",
        "MATCH ()-[r]->() CREATE (r)-[:T]->()",
        "MATCH ()-[r]->() MERGE (r)-[:T]->()",
        "CREATE (a)-[r:T]->(b) CREATE (r)-[:T]->(b)",
        "MATCH ()-[r]->() MATCH (a)-[r]->(b) RETURN a",
        "MATCH (n) MATCH ()-[n]->() RETURN n",
        "MATCH (n) WITH n AS m MATCH ()-[m]->() RETURN m",
        "MATCH p = ()-->() MATCH (p) RETURN p",
        "MATCH p = ()-->() WITH p AS q MATCH ()-[q]->() RETURN q",
        "MATCH p = ()-->() UNWIND relationships(p) AS r MATCH (r) RETURN r",
        "MATCH p = ()-->() UNWIND nodes(p) AS n MATCH ()-[n]->() RETURN n",
        "MATCH p = ()-->() UNWIND nodes(p) AS n MATCH (n) RETURN n",
        "MATCH p = ()-->() UNWIND relationships(p) AS r MATCH ()-[r]->() RETURN r",
        "MATCH ()-[r]->() MATCH ()-[r*]->() RETURN r",
        "MATCH ()-[r*]->() MATCH ()-[r]->() RETURN r",
        "MATCH ()-[r*]->() MATCH ()-[r*]->() RETURN r",
        "MATCH (n) WITH collect(n) AS l MATCH ()-[l*]->() RETURN l",
        "MATCH ((x)-[r]->(y))+ MATCH (x) RETURN x",
        "MATCH ((x)-[r]->(y))+ UNWIND x AS one MATCH (one) RETURN one",
        "UNWIND [1] AS x MATCH (x) RETURN x",
        "MATCH ()-[r]->() CALL (r) { MATCH (r) RETURN 1 AS x } RETURN x",
        "MATCH ()-[r]->() CALL { MATCH ()-[s]->() RETURN s UNION MATCH (s) RETURN s } MATCH (s) RETURN s",
        "MATCH ()-[r]->() FOREACH (x IN [r] | CREATE (x)-[:T]->())",
        "MATCH (a)-[r]->(r) RETURN r",
        "MATCH (a)-[r]->()-[r]->() RETURN r",
        "MATCH (a)-[r:A]->() MATCH (r)-[:source]->(s) RETURN s",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}

/// An edge of a declared type is an entity as well.
#[test]
fn edges_of_declared_types_are_entities() {
    let texts = [
        "MATCH ()-[r:A]->() MATCH (r)-[:source]->(s) RETURN s",
        "MATCH ()-[r:A|B]->() MATCH (r)-[:source]->(s) RETURN s",
        "MATCH ()-[r:B]->() MATCH (r)-[:source]->(s) RETURN s",
        "MATCH ()-[r]->() MATCH (r:A) RETURN r",
        "MATCH (r:A) MATCH ()-[r]->() RETURN r",
        "MATCH p = ()-->() MATCH (p) RETURN p",
    ];
    insta::assert_snapshot!(checked(&["A"], &texts));
}

#[test]
fn names_are_known() {
    let texts = [
        "MATCH (n:Nope) WHERE n.nope = x.y RETURN n",
        "MATCH (n:Nope {nope: x}) RETURN n",
        "MATCH (n)-[:NOPE {nope: x}]->() RETURN n",
        "MATCH (n) RETURN n.nope + n.nope[x]",
        "MATCH (n) RETURN [(n)-[:NOPE]->(m) WHERE x | m]",
        "MATCH (n) RETURN EXISTS { (n)-[:NOPE]->() WHERE x }",
        "MATCH (n) RETURN COUNT { MATCH (n:Nope) RETURN x }",
        "MATCH (n) WHERE (n)-[:NOPE]->(m) RETURN n",
        "MATCH (n) WITH n.a AS a RETURN n",
        "MATCH (n) RETURN [x IN [1] | x] + x",
        "MATCH (n) RETURN all(x IN [1] WHERE x = y)",
        "MATCH (n) RETURN reduce(s = 0, x IN [1] | s + x + y)",
        "MATCH (n) RETURN n {.a, x, b: y}",
        "MATCH (n) CALL (n) { RETURN n.a AS a } RETURN a",
        "MATCH (n) CALL (m) { RETURN 1 AS a } RETURN a",
        "MATCH (n) CALL { RETURN n.a AS a } RETURN a",
        "MATCH (n) CALL { WITH n RETURN n.a AS a } RETURN a, n",
        "CREATE (n) WITH n MATCH (m) RETURN x",
        "CREATE (n {a: x})",
        "CREATE (n), (m {a: n.a})",
        "MERGE (n) ON CREATE SET x.a = 1",
        "MATCH (n) SET n.a = x",
        "MATCH (n) SET x:A",
        "MATCH (n) REMOVE x.a",
        "MATCH (n) DELETE x",
        "FOREACH (x IN [1] | CREATE (:A {a: x, b: y}))",
        "UNWIND x AS y RETURN y",
        "CALL math.square(x) YIELD square RETURN square",
        "MATCH (b {k: a.x}), (a) RETURN a",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}

#[test]
fn names_are_bound_once() {
    let texts = [
        "MATCH p = (a), p = (b) RETURN p",
        "CREATE p = (), p = ()",
        "MATCH (p) MATCH p = (a) RETURN p",
        "MATCH (p) CREATE p = ()",
        "MATCH (p) MERGE p = ()",
        "MATCH p = (p) RETURN p",
        "CREATE p = (p)",
        "MERGE p = (p)",
        "MATCH p = (a)-[p]->() RETURN p",
        "MATCH p = (a), (p) RETURN p",
        "MATCH p = (a), ()-[p]->() RETURN p",
        "MATCH (a) CREATE (a)",
        "MATCH (a) CREATE (a:A)-[:R]->()",
        "MATCH ()-[r]->() CREATE ()-[r:R]->()",
        "MATCH (a) MERGE (a)",
        "UNWIND [1] AS x UNWIND [2] AS x RETURN x",
        "LOAD CSV FROM 'a' AS x LOAD CSV FROM 'b' AS x RETURN x",
        "MATCH (a), ((a)-->(b))+ RETURN a",
        "MATCH (b), ((a)-->(b))+ RETURN a",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}

#[test]
fn aggregates_have_their_places() {
    let texts = [
        "MATCH (n:Nope) WHERE count(n) > 1 RETURN n",
        "MATCH (n {a: count(*)}) RETURN n",
        "MATCH (n) RETURN [x IN [1] | count(n)]",
        "MATCH (n) WITH n.a AS a, count(*) AS c WHERE count(*) > 1 RETURN a",
        "MATCH (n) SET n.a = count(*)",
        "CREATE ({a: count(*)})",
        "UNWIND collect(1) AS x RETURN x",
        "MATCH (n) RETURN n.a ORDER BY count(*)",
        "MATCH (n) RETURN DISTINCT n.a ORDER BY count(*)",
        "MATCH (n) RETURN COUNT { MATCH (n) RETURN count(*) }",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}

#[test]
fn order_by_sees_what_is_projected() {
    let texts = [
        "MATCH (n) RETURN n.a AS x, count(*) AS c ORDER BY x + c, -c, n.a, count(*) + n.a",
        "MATCH (n) WITH DISTINCT n.a AS x ORDER BY x % 3, n.a + 1 RETURN x",
        "MATCH (n) WITH n.a AS x, count(*) AS c ORDER BY x + 1, c DESC WHERE x > 0 AND n.a < 9 RETURN x",
        "MATCH (n) RETURN n, count(*) ORDER BY n.a, COUNT { (n)--() }",
        "MATCH (n) RETURN n.a + n.b, count(*) AS c ORDER BY n.a + n.b + c",
        "MATCH (n) RETURN count(*) + 1 AS c ORDER BY count(*)",
        "MATCH (n) WITH DISTINCT n.a AS x WHERE n.a = 1 AND x > 0 AND n.b = 2 RETURN x",
        "MATCH (n) WITH DISTINCT n.a AS x LIMIT 1 WHERE n.b = 2 RETURN x",
        "MATCH (n) RETURN DISTINCT n.a ORDER BY n.nope",
        "MATCH (n) RETURN DISTINCT n.a ORDER BY COUNT { (n)--() }",
        "MATCH (n) RETURN DISTINCT n.a AS x ORDER BY [n IN [x] | n]",
        "MATCH (n) RETURN DISTINCT n.a AS x ORDER BY [y IN [x] | n.b]",
        "MATCH (n) RETURN n.a, count(*) ORDER BY n.b",
        "MATCH (n) RETURN n.a, count(*) ORDER BY m.b",
        "MATCH (n) RETURN count(n.a) ORDER BY n.b + count(n.a)",
        "MATCH (n) RETURN n.a + n.b, count(*) ORDER BY n.a + n.b + count(*)",
        "MATCH (n) RETURN n.a, count(*) ORDER BY sum(n.a)",
        "MATCH (n) WITH n.a AS x, count(*) AS c WHERE n.b > 1 RETURN x",
        "MATCH (n) RETURN n.a AS x ORDER BY n.b, x, COUNT { (n) WHERE x = 1 }",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}

#[test]
fn queries_end_with_what_they_do() {
    let texts = [
        "MATCH (n)",
        "CREATE (n) MATCH (m)",
        "CREATE (n) WITH n MATCH (m) SET m.x = 1",
        "MATCH (n) WITH n",
        "UNWIND [1] AS x",
        "LOAD CSV FROM 'a' AS x",
        "MATCH (n) RETURN n UNION MATCH (n)",
        "CREATE (n) RETURN n UNION CREATE (n)",
        "CREATE (n) UNION MATCH (n) RETURN n",
        "CREATE (n) UNION MATCH (n) SET n.x = 1",
        "CREATE (n) RETURN n UNION MATCH (n) RETURN n UNION ALL MATCH (n) RETURN n",
        "UNWIND [1] AS i CALL (i) { CREATE (n) RETURN n UNION CREATE (n) } RETURN i",
        "CALL { MATCH (n) } RETURN 1",
        "CALL { CREATE (n) MATCH (m) } RETURN 1",
        "CALL { CREATE (n) }",
        "CALL { RETURN 1 AS x }",
        "CALL math.square(1)",
        "CALL math.square(1) YIELD square",
        "MATCH (n) CALL math.square(1) YIELD square",
        "MATCH (n) CALL test.nothing()",
        "RETURN 1 MATCH (n) RETURN n",
        "MATCH (n) FOREACH (x IN [1] | SET n.a = x)",
        "MATCH (n) WHERE EXISTS { MATCH (n) } RETURN n",
    ];
    insta::assert_snapshot!(checked(&[], &texts));
}
