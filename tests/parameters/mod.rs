//! What only the value of a parameter says is told when the query runs, and what the text says before.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use grism::{Error, Graph, QueryOptions, Result, Value};

async fn rows(graph: &Graph, text: &str, options: &QueryOptions) -> Result<usize> {
    let batches = graph.execute(text, options).await?.collect().await?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

async fn error(text: &str, parameters: &[(&str, Value)]) -> Error {
    let graph = Graph::in_memory();
    let mut options = QueryOptions::default();
    rows(&graph, "CREATE (:A {i: 1})", &options).await.unwrap();
    for (name, value) in parameters {
        options.parameters.insert((*name).to_owned(), value.clone());
    }
    match rows(&graph, text, &options).await {
        Ok(rows) => panic!("{text}: {rows} rows"),
        Err(error) => error,
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn list() -> Value {
    Value::List(vec![Value::Int64(1), Value::Int64(2)])
}

fn map() -> Value {
    Value::Map([("a".to_owned(), Value::Int64(1))].into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_parameter_is_told_at_run_time() {
    let integer = Value::Int64(5);
    let argument = "TypeError:InvalidArgumentType";
    for (query, value, code) in [
        (
            "RETURN $a['x']",
            list(),
            "TypeError:ListElementAccessByNonInteger",
        ),
        (
            "RETURN $a[0]",
            map(),
            "TypeError:MapElementAccessByNonString",
        ),
        ("RETURN $a[0]", integer.clone(), argument),
        (
            "RETURN [1, 2][$a]",
            text("x"),
            "TypeError:ListElementAccessByNonInteger",
        ),
        ("WITH $a AS a RETURN a.x", integer.clone(), argument),
        ("UNWIND $a AS e RETURN e.x", list(), argument),
        ("RETURN range($a, 3)", text("x"), argument),
        ("WITH $a AS a RETURN size(a)", integer.clone(), argument),
        ("RETURN NOT $a", integer.clone(), argument),
        ("RETURN true AND $a", integer.clone(), argument),
        ("RETURN 1 IN $a", integer.clone(), argument),
        ("RETURN [x IN $a | x]", integer.clone(), argument),
        ("RETURN $a - 1", text("x"), argument),
        (
            "RETURN keys($a)",
            integer.clone(),
            "TypeError:InvalidArgumentValue",
        ),
        (
            "RETURN toInteger($a)",
            list(),
            "TypeError:InvalidArgumentValue",
        ),
        ("MATCH (n:A) SET n = $a", integer.clone(), argument),
        ("MATCH (n:A) WITH n, $a AS m SET n += m", list(), argument),
        ("UNWIND $a AS m MATCH (n:A) SET n += m", list(), argument),
        (
            "MATCH (n:A) SET n.x = $a",
            map(),
            "TypeError:InvalidPropertyType",
        ),
        ("CREATE ({x: [$a]})", map(), "TypeError:InvalidPropertyType"),
        (
            "RETURN 1 LIMIT $a",
            Value::Float64(1.5),
            "SyntaxError:InvalidArgumentType",
        ),
        (
            "RETURN 1 SKIP 0 - $a",
            integer.clone(),
            "SyntaxError:NegativeIntegerArgument",
        ),
    ] {
        let error = error(query, &[("a", value)]).await;
        assert_eq!(error.code(), Some(code), "{query}: {error}");
        assert!(!error.is_of_text(), "{query}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_told_before_whatever_the_parameters_are() {
    for (query, code) in [
        ("RETURN NOT 1, $a", "SyntaxError:InvalidArgumentType"),
        ("RETURN $a.x, size(5)", "SyntaxError:InvalidArgumentType"),
        (
            "MATCH (n:A) SET n = 5, n.x = $a",
            "SyntaxError:InvalidArgumentType",
        ),
        (
            "MATCH (n:A) SET n += {x: {a: $a}}",
            "TypeError:InvalidPropertyType",
        ),
        ("RETURN $a, $missing", "ParameterMissing:MissingParameter"),
        ("RETURN $a LIMIT -1", "SyntaxError:NegativeIntegerArgument"),
    ] {
        let error = error(query, &[("a", Value::Int64(5))]).await;
        assert_eq!(error.code(), Some(code), "{query}: {error}");
        assert!(error.is_of_text(), "{query}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_no_row_reaches_may_have_any_type() {
    let graph = Graph::in_memory();
    let mut options = QueryOptions::default();
    options.parameters.insert("a".to_owned(), Value::Int64(5));
    for (query, count) in [
        ("MATCH (n:Nothing) RETURN size($a)", 0),
        ("RETURN CASE WHEN true THEN 1 ELSE size($a) END AS v", 1),
        ("UNWIND [] AS n CREATE (m:A) SET m = $a", 0),
        (
            "UNWIND [1] AS i CALL (i) { WITH i WHERE i > 1 CREATE (m:A) SET m = $a } IN TRANSACTIONS",
            0,
        ),
    ] {
        assert_eq!(
            rows(&graph, query, &options).await.unwrap(),
            count,
            "{query}"
        );
    }
}
