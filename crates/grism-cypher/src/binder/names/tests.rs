//! Tests of names and scopes.

use std::fmt::Write as _;

use grism_core::{Result, Type};
use grism_logical::Internal;

use super::{
    NamedLabels, Scope, column_for, found_tables, hint, labelled_tables, split_conjunction,
    step_names, unlabelled_tables, variables_of,
};
use crate::binder::Notes;
use crate::binder::testing::{Graph, report, warnings_text};
use crate::query::Query;
use crate::syntax::{ClauseKind, Expr, LabelExpression, PathElementKind, ProjectionItemKind};

/// The label expression of the first element of a MATCH.
fn labels(query: &Query, element: usize) -> &LabelExpression {
    let ClauseKind::Match(matched) = &query.syntax().head.clauses[0].kind else {
        panic!("a MATCH");
    };
    match &matched.pattern.paths[0].elements[element].kind {
        PathElementKind::Node(node) => node.labels.as_ref(),
        PathElementKind::Relationship(step) => step.labels.as_ref(),
        _ => None,
    }
    .expect("labels")
}

/// What the last clause, a RETURN, lists first.
fn returned(query: &Query) -> &Expr {
    let clauses = &query.syntax().head.clauses;
    let Some(ClauseKind::Return(projection)) = clauses.last().map(|clause| &clause.kind) else {
        panic!("a RETURN");
    };
    match &projection.items[0].kind {
        ProjectionItemKind::Expression { expression, .. } => expression,
        ProjectionItemKind::Wildcard => panic!("an expression"),
    }
}

/// The tables in which the labels of a node pattern hold, those that a pattern finds, and the warnings.
fn node_labels(graph: &Graph, query: &Query) -> Result<String> {
    let (context, mut notes) = (query.context(graph.bind()), Notes::default());
    let labels = labels(query, 0);
    let holds = labelled_tables(context, &mut notes, labels)?;
    let found = found_tables(context, &mut notes, labels, None)?;
    let mut text = format!("holds in [{}]\n", graph.names(&holds));
    if found != holds {
        writeln!(text, "finds [{}]", graph.names(&found)).unwrap();
    }
    Ok(text + &warnings_text(&notes.warnings))
}

#[test]
fn label_expressions_allow_tables() {
    let graph = Graph::new();
    let texts = [
        ":Person",
        ":Admin",
        ":Person:Admin",
        ":Person&!Admin",
        ":Person|City",
        ":!Person",
        ":%",
        ":!%",
        ":MEETING",
        ":MEETING|Person",
        ":FOLLOWS",
        ":!City",
        ":KNOWS",
        // Robots may have got or lost labels.
        ":Robot",
        ":Broken",
        ":!Broken",
        ":Persn",
        ":Person&!Admn",
    ];
    let text = report(
        &texts,
        |text| format!("MATCH (n{text}) RETURN 1"),
        |query| node_labels(&graph, query),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn type_expressions_allow_types_and_roles() {
    let graph = Graph::new();
    let texts = [
        ":KNOWS",
        ":KNOWS|attendee",
        ":%",
        ":!KNOWS",
        ":!(organizer|attendee)",
        ":NOTHING",
    ];
    let text = report(
        &texts,
        |text| format!("MATCH ()-[{text}]->() RETURN 1"),
        |query| {
            let (names, is_list) = step_names(&graph.schema, labels(query, 1));
            let written = if is_list { "written" } else { "listed" };
            Ok(match names {
                None => "any".to_owned(),
                Some(names) => format!("{written}: {}", names.join(", ")),
            })
        },
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_variable_ranges_over_what_the_query_names_for_it() {
    let graph = Graph::new();
    let texts = [
        "MATCH (n) RETURN n",
        "MATCH (n) WHERE n:FOLLOWS RETURN n",
        "MATCH (n) WHERE n:Person OR n:FOLLOWS RETURN n",
        "MATCH (n) WITH n AS o WHERE o:FOLLOWS RETURN o",
        "MATCH (n) WHERE NOT n:FOLLOWS RETURN n",
        "MATCH (n:!FOLLOWS) RETURN n",
        "MATCH (n), (o:FOLLOWS) RETURN n",
    ];
    let text = report(&texts, str::to_owned, |query| {
        let tables = unlabelled_tables(query.context(graph.bind()), Some("n"));
        Ok(graph.names(&tables))
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_query_names_labels_wherever_it_writes_them() {
    let named = |text: &str, variable: &str, label: &str| {
        NamedLabels::of(Query::parse(text).unwrap().syntax()).has(variable, label)
    };
    assert!(named("MATCH (n:A) RETURN n", "n", "A"));
    assert!(named("MATCH (n) WHERE n.x AND n:A RETURN n", "n", "A"));
    assert!(named("MATCH (n) WITH n AS o WHERE o:A RETURN o", "n", "A"));
    assert!(!named("MATCH (n) RETURN n:A", "n", "A"));
    assert!(!named("MATCH (n:A) RETURN n", "m", "A"));
    assert!(!named("MATCH (n:!A) RETURN n", "n", "A"));
}

#[test]
fn conjunctions_are_split_and_variables_found() {
    let texts = [
        "a AND b AND c",
        "(a AND (b.x AND c))",
        "a OR b AND c",
        "NOT (a AND b)",
        "a.x = b.y + c",
        "[x IN l WHERE x > a | b]",
        "1 + 2",
    ];
    let text = report(
        &texts,
        |text| format!("RETURN {text}"),
        |query| {
            let expression = returned(query);
            let input = query.input();
            let parts: Vec<&str> = split_conjunction(expression)
                .iter()
                .map(|part| &input[part.span.start..part.span.end])
                .collect();
            Ok(format!(
                "parts: {}\nreads: {}",
                parts.join("; "),
                variables_of(expression).join(", ")
            ))
        },
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_scope_keeps_the_order_in_which_variables_were_bound() {
    let mut scope = Scope::default();
    scope.put("b", "b", Type::Int64);
    scope.put("a", "a", Type::String);
    let column = Internal::Row.column();
    scope.put("b", &column, Type::Any);
    assert_eq!(scope.names().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(scope.find("b").unwrap().column, column);
    assert!(scope.find("c").is_none());
}

#[test]
fn names_that_could_be_taken_for_other_columns_are_put_in_brackets() {
    for (name, column) in [
        ("n", "n"),
        ("größe", "größe"),
        ("a.b", "[a.b]"),
        ("[a]", "[[a]]"),
    ] {
        assert_eq!(column_for(name), column);
    }
    let internal = Internal::Row.column();
    assert_eq!(column_for(&internal), format!("[{internal}]"));
}

#[test]
fn a_near_name_is_hinted_at() {
    assert_eq!(hint("nmae", ["name", "age"]), "; did you mean `name`?");
    assert_eq!(hint("entirely", ["name", "age"]), "");
}
