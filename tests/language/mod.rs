//! The reference of the language, `docs/language.md`: its examples are run, and give what it says they give.
//!
//! A `cypher` block is run; the `text` block behind it is its answer, a line a row. A row of a table whose first two cells
//! are code is an expression and its value. The examples build on each other. `GRISM_BLESS=1` writes the answers.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use arrow::array::Array;
use grism::{Graph, QueryOptions, Value, plain};

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_reference_are_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let graph = Graph::in_memory();
    let mut written = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        if line == "```cypher" {
            let mut query = String::new();
            for line in lines.by_ref() {
                written.push_str(line);
                written.push('\n');
                if line == "```" {
                    break;
                }
                query.push_str(line);
                query.push('\n');
            }
            let answer = answer(&graph, &query).await;
            if lines.peek() == Some(&"```text") {
                for line in lines.by_ref() {
                    if line == "```" {
                        break;
                    }
                }
                written.push_str(&format!("```text\n{answer}```\n"));
            } else {
                assert!(!answer.starts_with("error"), "{query}{answer}");
            }
        } else if let Some((expression, rest)) = in_code(line) {
            let value = answer(&graph, &format!("RETURN {expression} AS value")).await;
            let before = written.len() - line.len() - 1;
            written.truncate(before);
            let shown = format!(
                "| `{}` | `{}` |{rest}\n",
                expression.replace('|', "\\|"),
                value.trim_end()
            );
            written.push_str(&shown);
        }
    }
    if std::env::var_os("GRISM_BLESS").is_some() {
        std::fs::write(&path, &written).unwrap();
    } else {
        let differing = text
            .lines()
            .zip(written.lines())
            .find(|(own, now)| own != now);
        assert_eq!(
            differing, None,
            "docs/language.md says the first, and it is the second"
        );
        assert_eq!(text, written);
    }
}

/// The first cell of a table's row and what follows the second, where both are code.
fn in_code(line: &str) -> Option<(String, &str)> {
    let row = line.strip_prefix("| `")?;
    let (expression, rest) = row.split_once("` | `")?;
    let (_, rest) = rest.split_once("` |")?;
    Some((expression.replace("\\|", "|"), rest))
}

/// The rows of the answer, a line a row.
pub(crate) async fn answer(graph: &Graph, query: &str) -> String {
    // One thread, since rows and collected lists have an order only where ORDER BY gives one.
    let mut options = QueryOptions::default();
    options.runtime.threads = 1;
    answer_with(graph, query, &options).await
}

/// The rows of the answer to a query that is run so, a line a row.
pub(crate) async fn answer_with(graph: &Graph, query: &str, options: &QueryOptions) -> String {
    let result = match graph.execute(query, options).await {
        Ok(result) => result,
        Err(error) => return format!("error: {}\n", error.message()),
    };
    let batches = match result.collect().await {
        Ok(batches) => batches,
        Err(error) => return format!("error: {}\n", error.message()),
    };
    let mut text = String::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = batch
                .columns()
                .iter()
                .map(|column| cell(column, row))
                .collect();
            text.push_str(&cells.join(" | "));
            text.push('\n');
        }
    }
    text
}

fn cell(column: &dyn Array, row: usize) -> String {
    match plain(Value::from_array(column, row).unwrap()) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
