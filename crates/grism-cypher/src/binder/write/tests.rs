//! Tests of writes: each clause, what it writes, and the plan that makes the columns it reads.

use std::fmt::Write as _;

use grism_core::{Result, Type};
use grism_logical::{Created, DeleteMode, LabelChange, PropertiesMode, SetItem, Write, WriteKind};

use super::{BoundWrite, bind_write};
use crate::binder::Notes;
use crate::binder::clause::Rows;
use crate::binder::testing::{Graph, indented, report, warnings_text};
use crate::query::Query;

fn created_text(created: &Created) -> String {
    let mut text = String::new();
    let map = |properties: &Option<String>| match properties {
        Some(column) => format!(" {{{column}}}"),
        None => String::new(),
    };
    for entity in &created.entities {
        let label = match &entity.hyperedge_type {
            Some(name) => format!("hyperedge {name}"),
            None => entity.labels.join(":"),
        };
        let properties = map(&entity.properties);
        writeln!(text, "creates ({}:{label}{properties})", entity.column).unwrap();
    }
    for edge in &created.edges {
        let arrow = if edge.undirected { "-" } else { "->" };
        writeln!(
            text,
            "creates ({})-[{}:{}{}]{arrow}({})",
            edge.source,
            edge.column,
            edge.type_name,
            map(&edge.properties),
            edge.target
        )
        .unwrap();
    }
    for own in &created.incidences {
        let (hyperedge, role, member) = (&own.hyperedge, &own.role, &own.member);
        writeln!(text, "binds ({hyperedge})-[:{role}]->({member})").unwrap();
    }
    for (path, through) in &created.paths {
        writeln!(text, "path {path} through {}", through.join(", ")).unwrap();
    }
    text
}

fn typed(graph: &Graph, (column, ty): &(String, Type)) -> String {
    format!("{column}: {}", graph.type_text(ty))
}

fn set_text(graph: &Graph, items: &[SetItem]) -> String {
    let mut text = String::new();
    for item in items {
        match item {
            SetItem::Property { entity, key, value } => {
                let (entity, value) = (typed(graph, entity), typed(graph, value));
                writeln!(text, "sets ({entity}).{key} to {value}")
            }
            SetItem::Properties {
                entity,
                value,
                mode,
            } => {
                let (entity, value) = (typed(graph, entity), typed(graph, value));
                let how = match mode {
                    PropertiesMode::Merge => "adds to",
                    PropertiesMode::Replace => "replaces",
                };
                writeln!(text, "{how} the properties of ({entity}): {value}")
            }
            SetItem::Labels {
                entity,
                labels,
                change,
            } => {
                let (entity, labels) = (typed(graph, entity), labels.join(":"));
                let how = match change {
                    LabelChange::Add => "adds",
                    LabelChange::Remove => "removes",
                };
                writeln!(text, "{how} {labels} of ({entity})")
            }
        }
        .unwrap();
    }
    text
}

fn kind_text(graph: &Graph, kind: &WriteKind) -> String {
    match kind {
        WriteKind::Create(created) => created_text(created),
        WriteKind::Set(items) => set_text(graph, items),
        WriteKind::Delete { targets, mode } => {
            let targets: Vec<String> = targets.iter().map(|own| typed(graph, own)).collect();
            let how = match mode {
                DeleteMode::Alone => "",
                DeleteMode::Detach => " with their relationships",
            };
            format!("deletes {}{how}\n", targets.join(", "))
        }
        WriteKind::Merge(merge) => {
            let mut text = created_text(&merge.created);
            let list = |all: &[(String, Type)]| {
                let all: Vec<String> = all.iter().map(|own| typed(graph, own)).collect();
                all.join(", ")
            };
            writeln!(text, "found where {}", merge.found).unwrap();
            writeln!(text, "keys: {}", list(&merge.keys)).unwrap();
            writeln!(text, "variables: {}", list(&merge.variables)).unwrap();
            for (when, action) in [("created", &merge.on_create), ("found", &merge.on_match)] {
                if let Some((plan, items)) = action {
                    writeln!(text, "where {when}:").unwrap();
                    text += &indented(&set_text(graph, items));
                    text += &indented(&plan.to_string());
                }
            }
            text
        }
    }
}

fn written(graph: &Graph, query: &Query) -> Result<String> {
    let (scope, columns) = graph.bound_before();
    let outer = scope.clone();
    let rows = Rows::argument(columns, scope);
    let context = query.context(graph.bind());
    let clause = &query.syntax().head.clauses[0];
    let BoundWrite {
        write: Write { input, kind },
        scope,
        warnings,
        ..
    } = bind_write(context, Notes::default(), rows, clause, None)?;
    let mut text = kind_text(graph, &kind);
    for variable in &scope.variables {
        if outer.find(&variable.name).is_none() {
            let ty = graph.type_text(&variable.ty);
            writeln!(text, "variable {}: {ty}", variable.name).unwrap();
        }
    }
    Ok(format!("{text}{input}{}", warnings_text(&warnings)))
}

fn writes(texts: &[&str]) -> String {
    let graph = Graph::new();
    report(texts, str::to_owned, |query| written(&graph, query))
}

#[test]
fn creates() {
    let texts = [
        "CREATE (p:Person {name: s})",
        "CREATE (p:Person:Admin), (q)",
        "CREATE (n)-[r:KNOWS {since: a}]->(q:Person)",
        "CREATE (n)<-[:LIKES]-(v)",
        "CREATE (h:MEETING {topic: 'x'})-[:organizer]->(n), (h)-[:attendee]->(q:Person)",
        "CREATE (n)<-[:attendee]-(m)",
        "CREATE w = (n)-[:KNOWS]->(q)",
        "CREATE (p $map)",
        "CREATE (p {name: n.name})",
        "CREATE (p {x: s.y})",
        "CREATE (p s)",
        "CREATE (n:Admin)",
        "CREATE (n)",
        "CREATE (s)-[:KNOWS]->(n)",
        "CREATE (p:Person|City)",
        "CREATE (p:MEETING:Person)",
        "CREATE (n)-[:KNOWS]-(q)",
        "CREATE (n)-[:KNOWS*2]->(q)",
        "CREATE (n)-[:KNOWS|LIKES]->(q)",
        "CREATE (n)-[k:KNOWS]->(q)",
        "CREATE (n)-[:organizer]->(h:MEETING)",
        "CREATE (h:MEETING)-[:organiser]->(n)",
        "CREATE (h:MEETING)-[:organizer {x: 1}]->(n)",
        "CREATE (h:MEETING)-[r:organizer]->(n)",
        "CREATE (h:MEETNG)-[:organizer]->(n)",
        "CREATE (n)-[:organizer]->(q)",
        "CREATE (n)-[:MEETING]->(q)",
        "CREATE ANY SHORTEST (n)-[:KNOWS]->(q)",
    ];
    insta::assert_snapshot!(writes(&texts));
}

#[test]
fn merges() {
    let texts = [
        "MERGE (p:Person {name: s})",
        "MERGE (p:Person {name: s}) ON CREATE SET p.age = 1, p.new = 2 ON MATCH SET p.age = p.age + p.new",
        "MERGE (n)-[r:KNOWS {since: a}]->(q:Person {name: s})",
        "MERGE (n)-[r:KNOWS]-(x)",
        "MERGE (m)-[:attendee]->(n)",
        "MERGE (n)-[:attendee]-(m)",
        "MERGE (h:MEETING {topic: s}) ON CREATE SET h += $map",
        "MERGE (p:Person {age: COUNT { (n)-[:KNOWS]->() }})",
        "MERGE (n)",
        "MERGE (p:Person) ON CREATE SET 1.x = 2",
        "MERGE (p:Person) ON CREATE SET unknown.x = 2",
        "MERGE (n)-[:KNOWS]->(v)",
    ];
    insta::assert_snapshot!(writes(&texts));
}

#[test]
fn sets_and_removes() {
    let texts = [
        "SET n.age = n.age + 1",
        "SET n.a = 1, n.b = s",
        "SET (n).age = null",
        "SET v.age = 1",
        "SET ns[0].age = 1",
        "SET startNode(k).age = COUNT { (n)--() }",
        "SET n.friends = [(n)-[:KNOWS]->(o) | o.name]",
        "SET n.age = n",
        "SET n.age = {a: 1}",
        "SET n.age = ns",
        "SET s.age = 1",
        "SET n = {age: 1}",
        "SET n += m",
        "SET n += v",
        "SET n = s",
        "SET n:Admin:Person",
        "SET n:MEETING",
        "SET n:Admin|Person",
        "REMOVE n.age, v.name",
        "REMOVE n:Admin",
        "REMOVE s.x",
    ];
    insta::assert_snapshot!(writes(&texts));
}

#[test]
fn deletes() {
    let texts = [
        "DELETE n",
        "DETACH DELETE n, m",
        "DELETE k",
        "DELETE i",
        "DELETE path",
        "DELETE v",
        "DELETE nothing",
        "DELETE ns[0]",
        "DELETE s",
        "DELETE n.name",
        "DELETE n:Person",
        "DELETE unknown",
    ];
    insta::assert_snapshot!(writes(&texts));
}
