//! The functions as their definitions have them: each has examples, the examples are true, and `docs/functions.md` lists
//! them. `GRISM_BLESS=1` writes the page.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod aggregate;
mod entity;
mod table;
mod user;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use grism::{Graph, QueryOptions};
use grism_functions::{Category, Function, Visibility, built_in_functions};

use crate::language::answer;

/// The graph of the examples.
const GRAPH: &str = "CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*);
CREATE (ann:Person {name: 'Ann', age: 42}), (bob:Person {name: 'Bob', age: 31}), (cid:Person {name: 'Cid'}),
  (ann)-[:KNOWS {since: 2015}]->(bob), (bob)-[:KNOWS {since: 2018}]->(cid),
  (m:MEETING {topic: 'Q3'}), (m)-[:organizer]->(ann), (m)-[:attendee]->(bob), (m)-[:attendee]->(cid);
";

fn public() -> impl Iterator<Item = &'static Function> {
    built_in_functions().filter(|own| own.visibility() == Visibility::Public)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_every_function_are_true() {
    let graph = Graph::in_memory();
    graph
        .execute(GRAPH, &QueryOptions::default())
        .await
        .unwrap();
    let mut wrong = String::new();
    for function in public() {
        assert!(
            !function.examples.is_empty() && !function.description.is_empty(),
            "{function:?} has no example or no description"
        );
        for example in function.examples {
            let is_query = ["MATCH ", "UNWIND "]
                .iter()
                .any(|clause| example.query.starts_with(clause));
            let query = match is_query {
                true => example.query.to_owned(),
                false => format!("RETURN {} AS value", example.query),
            };
            let found = answer(&graph, &query).await;
            if found.trim_end() != example.value {
                writeln!(wrong, "{}: {}", example.query, found.trim_end()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_two_functions_have_one_name() {
    let mut seen = HashSet::new();
    for function in built_in_functions() {
        for name in std::iter::once(&function.name).chain(function.synonyms) {
            assert!(seen.insert(name.to_lowercase()), "{name}");
        }
    }
}

#[test]
fn the_page_lists_every_function() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/functions.md");
    let written = page();
    if std::env::var_os("GRISM_BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == written,
        "docs/functions.md is not what the definitions say: run this test with GRISM_BLESS=1"
    );
}

fn page() -> String {
    let mut page = format!(
        "# Functions\n\n\
         This page is made from the definitions in `crates/grism-functions`; a test keeps it true, and runs the examples.\n\
         `SHOW FUNCTIONS` lists the same, with the functions that the user registered.\n\n\
         An argument in brackets may be left out. Names are written in upper or lower case. Null gives null, where nothing\n\
         else is said. Examples that are queries are run on this graph:\n\n```cypher\n{GRAPH}```\n"
    );
    for category in Category::LISTED {
        let functions: Vec<&Function> = public().filter(|own| own.category == category).collect();
        if functions.is_empty() {
            continue;
        }
        writeln!(page, "\n## {}", category.title()).unwrap();
        for function in functions {
            writeln!(
                page,
                "\n### {}\n\n`{}`\n",
                function.name,
                function.signature()
            )
            .unwrap();
            page.push_str(function.description);
            if let [synonym] = function.synonyms {
                write!(page, " `{synonym}` is the same function.").unwrap();
            }
            page.push_str("\n\n| example | value |\n|---|---|\n");
            for example in function.examples {
                let query = example.query.replace('|', "\\|");
                let value = example.value.replace('|', "\\|");
                writeln!(page, "| `{query}` | `{value}` |").unwrap();
            }
        }
    }
    page
}
