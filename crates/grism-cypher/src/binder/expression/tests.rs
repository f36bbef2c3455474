//! Tests of expressions: each text, and the expression, its type and what it needs.

use std::fmt::Write as _;

use grism_core::Result;
use grism_logical::NamedAggregate;

use super::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::Notes;
use crate::binder::testing::{Graph, pending_text, report, warnings_text};
use crate::query::Query;
use crate::syntax::{ClauseKind, Expr, ProjectionItemKind};

/// Whether aggregates may stand in an expression.
#[derive(Clone, Copy)]
enum Aggregates {
    Allowed,
    Forbidden,
}

fn returned(query: &Query) -> &Expr {
    let ClauseKind::Return(projection) = &query.syntax().head.clauses[0].kind else {
        panic!("a RETURN");
    };
    match &projection.items[0].kind {
        ProjectionItemKind::Expression { expression, .. } => expression,
        ProjectionItemKind::Wildcard => panic!("an expression"),
    }
}

fn bound(graph: &Graph, query: &Query, aggregates: Aggregates) -> Result<String> {
    let (scope, rows) = graph.bound_before();
    let mut notes = Notes::default();
    let mut needs = match aggregates {
        Aggregates::Allowed => Needs::of_projection(),
        Aggregates::Forbidden => Needs::default(),
    };
    let set_properties = ["set".to_owned()];
    let input = ExpressionInput {
        set_properties: &set_properties,
        ..ExpressionInput::new(&scope, &rows)
    };
    let context = query.context(graph.bind());
    let mut binder = ExpressionBinder::new(context, &mut notes, input, &mut needs);
    let syntax = returned(query);
    let expression = bind_expression(&mut binder, syntax)?;
    let ty = graph.type_text(&binder.type_of(&expression, syntax)?);
    let mut text = format!("{expression}\n: {ty}\n");
    text += &pending_text(&needs.take_below());
    let (aggregates, above) = needs.take_aggregation();
    for NamedAggregate { call, name } in aggregates {
        writeln!(text, "aggregates {name} = {call}").unwrap();
    }
    if !above.is_empty() {
        writeln!(text, "above the aggregation {}", pending_text(&above)).unwrap();
    }
    if notes.volatile {
        text += "for one run only\n";
    }
    Ok(text + &warnings_text(&notes.warnings))
}

fn expressions(texts: &[&str], aggregates: Aggregates) -> String {
    let graph = Graph::new();
    report(
        texts,
        |text| format!("RETURN {text}"),
        |query| bound(&graph, query, aggregates),
    )
}

#[test]
fn values_and_operators() {
    let texts = [
        "1",
        "-9223372036854775808",
        "[1, 2.5, 'x']",
        "{a: 1, b: [true, null]}",
        "$one",
        "$unknown",
        "a + 1 - 2 * a",
        "NOT a = 1 AND s STARTS WITH 'x' OR true",
        "1 < a <= 3",
        "s = 1",
        "a IN ['x']",
        "s + 1",
        "a AND true",
        "-s",
        "CASE a WHEN 1, 2 THEN 'few' ELSE 'many' END",
        "CASE WHEN a THEN 1 END",
        "ints[0..2]",
        "s IS NOT NULL",
        "99999999999999999999",
        "{a: 1, a: 2}",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}

#[test]
fn names_and_properties() {
    let texts = [
        "n",
        "unknown",
        "nn.name",
        "n.name",
        "n.level",
        "n.nmae",
        "n.set",
        "m.topic",
        "m.organizer",
        "x.name",
        "v.name",
        "nothing.name",
        "i.name",
        "s.name",
        "path.name",
        "n['name']",
        "n[s]",
        "n[1]",
        "v[0]",
        "v['name']",
        "ns[0].name",
        "{k: n}.k.name",
        "a.year",
        "startNode(k).name",
        "n {.name, .*, s, twice: a * 2}",
        "v {.*}",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}

#[test]
fn functions_of_entities() {
    let texts = [
        "labels(n)",
        "labels(robot)",
        "labels(m)",
        "labels(s)",
        "type(m)",
        "type(i)",
        "type(x)",
        "type(n)",
        "keys(n)",
        "properties({a: 1})",
        "kind(x)",
        "kind(i)",
        "kind(a)",
        "id(n)",
        "startNode(k)",
        "endNode(i)",
        "startNode(m)",
        "position(i)",
        "position(k)",
        "position(n)",
        "roles(m)",
        "members(m)",
        "members(m, 'room')",
        "members(m, 'rooom')",
        "members(m, s)",
        "arity(m)",
        "arity(n)",
        "arity(v)",
        "arity(path)",
        "n:Person",
        "n:!Admin",
        "robot:Broken",
        "robot:Broken&!Robot|%",
        "k:KNOWS",
        "m:MEETING",
        "v:Person:!Admin",
        "NOT n:Persn",
        "s:Person",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}

#[test]
fn other_functions() {
    let texts = [
        "toUpper(s)",
        "size(ints)",
        "coalesce(s, 'x')",
        "exists(n.name)",
        "exists((n)-[:KNOWS]->())",
        "date()",
        "date.statement()",
        "timestamp()",
        "rand()",
        "toUper(s)",
        "point({x: 1})",
        "size()",
        "size(DISTINCT ints)",
        "size(*)",
        "abs(s)",
        "count(n)",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}

#[test]
fn aggregates() {
    let texts = [
        "count(*)",
        "count(DISTINCT n)",
        "count(n) + count(n)",
        "sum(a)",
        "sum(v)",
        "sum(s)",
        "avg(DISTINCT v)",
        "max(DISTINCT s)",
        "collect(a)",
        "collect(DISTINCT v)",
        "collect(n)[0].name",
        "percentileCont(a, 0.5)",
        "stDev(s)",
        "percentileCont(a)",
        "count(count(*))",
        "[y IN ints | count(y)]",
        "sum(*)",
        "count(a, a)",
        "COUNT { (n)--() } + count(*)",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Allowed));
}

#[test]
fn comprehensions() {
    let texts = [
        "[y IN ints WHERE y > 1 | y * 2]",
        "[y IN ints WHERE y]",
        "[y IN s | y]",
        "[y IN ns | y.name]",
        "[y IN ns | labels(y)]",
        "[y IN [k] | startNode(y).name]",
        "[y IN ns WHERE y:Person | [z IN ints | z + y.age]]",
        "[y IN v | y]",
        "[y IN nothing | y.name]",
        "all(y IN ints WHERE y > 0)",
        "single(y IN ns WHERE y.name = s)",
        "reduce(t = 0, y IN ints | t + y)",
        "reduce(t = 0, y IN ints | t + y + 0.5)",
        "reduce(t = null, y IN ints | y)",
        "reduce(t = '', y IN ns | t + y.name)",
        "[y IN ints WHERE (n)-[:KNOWS {since: y}]->() | y]",
        "any(y IN ints WHERE EXISTS { MATCH (n)-[:KNOWS {since: y}]->() })",
        "[y IN ints | [z IN ints WHERE (n)--() | z]]",
        "[(n)-[:KNOWS]->(o:Person) WHERE o.age > a | o.name]",
        "[(n)-[:KNOWS]->(o) | unknown]",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}

#[test]
fn subqueries() {
    let texts = [
        "exists((n)-[:KNOWS]->(:Person))",
        "EXISTS { (n)-[:KNOWS]->(o) WHERE o.age > a }",
        "EXISTS { MATCH (o:City) RETURN o.name }",
        "EXISTS { MATCH (o:City) RETURN o.name LIMIT 0 }",
        "COUNT { (n)-[:KNOWS]->() }",
        "COUNT { MATCH (o:City) RETURN DISTINCT o.name }",
        "COUNT { MATCH (o:City) RETURN o UNION ALL MATCH (o:Person) RETURN o }",
        "COUNT { MATCH (o:City) RETURN o.name AS l UNION MATCH (o:Person) RETURN o.name AS l }",
        "COLLECT { MATCH (n)-[:KNOWS]->(o) RETURN o.name }",
        "COLLECT { MATCH (n)-[:KNOWS]->(o) RETURN o.name, o.age }",
        "EXISTS { MATCH (o) RETURN unknown }",
        "EXISTS { CREATE (o) }",
        "COUNT { (n)--() } > COUNT { (n)-->() }",
    ];
    insta::assert_snapshot!(expressions(&texts, Aggregates::Forbidden));
}
