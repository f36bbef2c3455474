//! Tests of patterns: each text, and for every choice of what its steps are the graph and what must hold of its rows.

use std::fmt::Write as _;

use grism_core::Result;
use grism_logical::pattern::{PatternEdge, PatternGraph, PatternHop};

use super::{Incidences, bind_elements, choices, path_value, take_apart};
use crate::binder::Notes;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs};
use crate::binder::names::Scope;
use crate::binder::testing::{Graph, indented, pending_text, plan_text, report, warnings_text};
use crate::query::Query;
use crate::syntax::{ClauseKind, Pattern};

fn matched(query: &Query) -> &Pattern {
    let ClauseKind::Match(matched) = &query.syntax().head.clauses[0].kind else {
        panic!("a MATCH");
    };
    &matched.pattern
}

/// How often an edge is followed, and what one hop of it is.
fn path_text(edge: &PatternEdge) -> String {
    let Some(path) = &edge.path else {
        return "\n".to_owned();
    };
    let most = path.most.map_or(String::new(), |most| most.to_string());
    let mut text = format!(" {{{},{most}}} {:?}", path.least, path.search);
    write!(text, " {:?}", path.mode).unwrap();
    if !path.reads.is_empty() {
        write!(text, " reads {:?}", path.reads).unwrap();
    }
    match &path.hop {
        PatternHop::Edge { properties, nodes } => {
            for (property, value) in properties {
                write!(text, " where {} = {value}", property.key).unwrap();
            }
            writeln!(text, " over {nodes}").unwrap();
        }
        PatternHop::Pattern {
            forward,
            backward,
            prunable,
        } => {
            let prunable = if *prunable { ", prunable" } else { "" };
            writeln!(text, "{prunable}").unwrap();
            for (name, way) in [("from the left", forward), ("from the right", backward)] {
                writeln!(text, "    {name}: {} to {}", way.start, way.end).unwrap();
                text += &indented(&plan_text(&way.hop));
                for collected in &way.collected {
                    let flat = if collected.flatten { ", flat" } else { "" };
                    let (column, into) = (&collected.column, &collected.into);
                    writeln!(text, "    collects {column} into {into}{flat}").unwrap();
                }
            }
        }
    }
    text
}

fn graph_text(graph: &Graph, pattern: &PatternGraph) -> String {
    let mut text = String::new();
    for entity in &pattern.entities {
        let ty = graph.type_text(&entity.ty);
        writeln!(text, "({}): {ty}", entity.variable).unwrap();
    }
    for edge in &pattern.edges {
        let (left, right) = edge.direction.arrows();
        let tables = graph.names(&edge.tables);
        write!(
            text,
            "({}){left}[{} of {tables}]{right}({})",
            edge.left, edge.variable, edge.right
        )
        .unwrap();
        text += &path_text(edge);
    }
    for role in &pattern.roles {
        let incidence = role.incidence.as_deref().unwrap_or_default();
        let roles = role.roles.join("|");
        let (hyperedge, member) = (&role.hyperedge, &role.member);
        writeln!(text, "({hyperedge})-[{incidence} as {roles}]->({member})").unwrap();
    }
    for taken in &pattern.taken {
        let tables = graph.names(&taken.tables);
        writeln!(text, "takes {} of {tables}", taken.column).unwrap();
    }
    text
}

fn bound(graph: &Graph, query: &Query) -> Result<String> {
    let (outer, rows) = graph.bound_before();
    let context = query.context(graph.bind());
    let (mut notes, mut needs) = (Notes::default(), Needs::default());
    let input = ExpressionInput::new(&outer, &rows);
    let mut binder = ExpressionBinder::new(context, &mut notes, input, &mut needs);
    let elements = take_apart(&mut binder, matched(query))?;
    let mut text = pending_text(&needs.take_below());
    let choices = choices(context, &mut notes, &elements.entities, &elements.steps)?;
    let several = choices.len() > 1;
    for choice in choices {
        if several {
            writeln!(text, "choice {:?}", choice.kinds).unwrap();
        }
        let mut elements = elements.clone();
        elements.entities = choice.entities;
        let kinds = &choice.kinds;
        let incidences = Incidences::Needed;
        let mut bound = bind_elements(
            context, &mut notes, &outer, &rows, elements, kinds, incidences,
        )?;
        text += &graph_text(graph, &bound.pattern.graph);
        for condition in &bound.conditions {
            writeln!(text, "where {condition}").unwrap();
        }
        text += &variables_text(graph, &outer, &bound.scope);
        for path in &bound.pattern.elements.paths {
            let value = path_value(path, &bound.pattern);
            writeln!(text, "binds {} = {value}", path.name.text).unwrap();
        }
        text += &pending_text(&bound.needs.take_below());
    }
    Ok(text + &warnings_text(&notes.warnings))
}

/// The variables that are new.
fn variables_text(graph: &Graph, outer: &Scope, scope: &Scope) -> String {
    let mut text = String::new();
    for variable in &scope.variables {
        if outer.find(&variable.name).is_none() {
            let ty = graph.type_text(&variable.ty);
            writeln!(text, "binds {}: {ty}", variable.name).unwrap();
        }
    }
    text
}

fn patterns(texts: &[&str]) -> String {
    let graph = Graph::new();
    report(
        texts,
        |text| format!("MATCH {text} RETURN 1"),
        |query| bound(&graph, query),
    )
}

#[test]
fn nodes() {
    let texts = [
        "(p:Person)",
        "(p:Person), (p:Admin)",
        "(p:Person {name: s, age: 1})",
        "(p $map)",
        "(p {name: $one.x})",
        "(p:Person {nmae: 'x'})",
        "(n)",
        "(n:Admin)",
        "(v)",
        "(v:Person)",
        "(nothing)",
        "(s)",
        "(r:Robot)",
        "(r:Broken&!Robot)",
        "(c:FOLLOWS)",
        "(p:Persn)",
        "(p {age: COUNT { (n)-[:KNOWS]->() }})",
    ];
    insta::assert_snapshot!(patterns(&texts));
}

#[test]
fn edges() {
    let texts = [
        "(p:Person)-[r:KNOWS]->(q)",
        "(p)<-[r:KNOWS {since: a}]-(q)",
        "(p)-[:KNOWS|LIVES_IN]-(q:Person|City)",
        "(n)-[k:KNOWS]->(q)",
        "(n)-[i]->(q:City)",
        "(n)-[s:KNOWS]->(q)",
        "(p)-[r:KNOWS]->(q)-[r:KNOWS]->(t)",
        "(p)-[p:KNOWS]->(q)",
        "(p)-[:KNOWS]->(q)-[:KNOWS]->(t)",
        "(p)-[:KNWS]->(q)",
        "(p)-[:MEETING]->(q)",
        "(p)-[v:KNOWS]->(q)",
        "w = (p:Person)-[:KNOWS]->(q)",
        "p = (p:Person)-[:KNOWS]->(q)",
        "n = (p:Person)-[:KNOWS]->(q)",
    ];
    insta::assert_snapshot!(patterns(&texts));
}

#[test]
fn roles() {
    let texts = [
        "(h:MEETING)-[:organizer]->(p)",
        "(p)<-[:attendee]-(h)-[:attendee]->(q)",
        "(h:MEETING)-[t:attendee]->(p:Admin), (h)-[:room]->(c)",
        "(g:MEETING)-[:attendee]->(p), (h:MEETING)-[:attendee]->(p)",
        "(g:MEETING)-[:organizer]->(p), (h:MEETING)-[:organizer]->(p)",
        "(c:CLAIM)-[:about]->(h)-[:organizer]->(p)",
        "(p:Person)-[:organizer]->(h:MEETING)",
        "(h:MEETING)-[:organiser]->(p)",
        "(h:MEETING)-[:organizer {x: 1}]->(p)",
        "(h:MEETING)-[i:attendee]->(p)",
        "(h:MEETING)-[:!room]->(p)",
        "w = (p:Person)<-[:attendee]-(h)",
        "(f:FOLLOWS)-[:source]->(p)",
        "(h:MEETING)-[:organizer]->(c:City)",
        "(m)-[:organizer]->(n)",
    ];
    insta::assert_snapshot!(patterns(&texts));
}

#[test]
fn steps_that_may_be_edges_or_roles() {
    let texts = [
        "(n)-->(q)",
        "(n)-[r]-(q:MEETING)",
        "(h:MEETING)-[r]->(q)",
        "(n)-[r]->(q {name: 'x'})",
        "(n)-[r {since: 1}]-(q)",
        "(c:City)-[]-(q)-[]-(n)",
    ];
    insta::assert_snapshot!(patterns(&texts));
}

#[test]
fn steps_of_several_hops() {
    let texts = [
        "(n)-[:KNOWS*]->(q)",
        "(n)-[r:KNOWS*2..3 {since: a}]->(q)",
        "w = ANY SHORTEST (n)-[:KNOWS]->+(q)",
        "w = allShortestPaths((n)-[:KNOWS*..5]->(q:Person))",
        "ACYCLIC (n)-[:KNOWS*1..3]->(q)",
        "WALK (n)-[:KNOWS*]->(q)",
        "ANY SHORTEST (n)-[:KNOWS]->(q)-[:KNOWS]->(t)",
        "(n)-[:KNOWS*1..2]->(q)-[:KNOWS]->(t)",
        "(n)-[:KNOWS*1..2]->(q)-[:KNOWS*1..2]->(t)",
        "(h:MEETING)-[:attendee*1..2]->(q)",
        "(h)-[i:attendee*1..2]->(q)",
        "(n)-[k:KNOWS*]->(q)",
    ];
    insta::assert_snapshot!(patterns(&texts));
}

#[test]
fn repeated_patterns() {
    let texts = [
        "(n) ((p)-[r:KNOWS]->(q)){1,3} (t)",
        "((p)-[:KNOWS {since: a}]->(q) WHERE p.age > q.age)+ (t:Person)",
        "((p:Person)<-[:attendee]-(h)-[:attendee]->(q)){2} (t)",
        "w = (n) ((p)-[r:KNOWS]->(q))* (t)",
        "(n) ((p)-[r:KNOWS]->(q))+ (t)-[:KNOWS]->(u)",
        "(n) ((p)-[r:KNOWS]->(n))+ (t)",
        "(p) ((p)-[r:KNOWS]->(q))+ (t)",
        "(n) ((p)-[:KNOWS*]->(q))+ (t)",
        "(n) ((p))+ (t)",
        "(n) ((p)-[r:KNOWS]->(q))+ (t) ((p)-[r2:KNOWS]->(u))+ (w)",
        "(n) (w = (p)-[r:KNOWS]->(q))+ (t)",
        "(n)-[:LIVES_IN]->(c) ((p)-[r:KNOWS]->(q)){0,2}",
    ];
    insta::assert_snapshot!(patterns(&texts));
}
