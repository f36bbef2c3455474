//! `grism query`, `grism explain` and `grism schema`.

use std::io::Read as _;

use arrow::util::pretty::pretty_format_batches;
use grism::{
    Engine, Error, ExplainFormat, ExplainOptions, Graph, Parameters, QueryOptions, Result,
    SnapshotId, Value,
};

use crate::arguments::{Explain, Query, Schema};
use crate::output::{write_result, write_text};

pub(crate) async fn query(query: Query) -> Result<()> {
    let text = match (&query.text, &query.file) {
        (_, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| Error::from(error).context(path.display()))?,
        (Some(text), None) if text != "-" => text.clone(),
        _ => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    let mut options = QueryOptions {
        parameters: parameters(&query.param)?,
        engine: Engine::from_name(&query.engine)?,
        snapshot: SnapshotId(query.snapshot),
        ..QueryOptions::default()
    };
    if let Some(threads) = query.threads {
        options.runtime = options.runtime.with_threads(threads);
    }
    if let Some(seconds) = query.timeout {
        if !seconds.is_finite() || seconds < 0.0 {
            return Err(Error::invalid_query(
                "--timeout takes seconds, not less than 0",
            ));
        }
        options.runtime = options.runtime.with_timeout_ms((seconds * 1e3) as u64);
    }
    let graph = Graph::open(&query.graph, false).await?;
    let result = graph.execute(&text, &options).await?;
    let cancellation = result.cancellation();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancellation.cancel();
        }
    });
    for warning in &result.warnings {
        eprintln!("warning: {warning}");
    }
    if let Some(report) = &result.load {
        eprintln!("{report}");
    }
    if result.schema().columns().columns.is_empty() {
        result.collect().await?;
        return Ok(());
    }
    write_result(result, query.format).await
}

pub(crate) async fn explain(explain: Explain) -> Result<()> {
    let graph = Graph::open(&explain.graph, false).await?;
    let options = QueryOptions {
        parameters: parameters(&explain.param)?,
        ..QueryOptions::default()
    };
    let form = ExplainOptions {
        analyze: explain.analyze,
        distributed: explain.distributed,
        verbose: explain.verbose,
        format: if explain.json {
            ExplainFormat::Json
        } else {
            ExplainFormat::Text
        },
    };
    let plan = graph.explain(&explain.text, form, &options).await?;
    write_text(plan.trim_end())
}

pub(crate) async fn schema(schema: Schema) -> Result<()> {
    let graph = Graph::open(&schema.graph, false).await?;
    let mut text = String::new();
    for statement in ["SHOW LABELS", "SHOW HYPEREDGE TYPES", "SHOW PROPERTIES"] {
        let batches = graph
            .query(statement, &QueryOptions::default())
            .await?
            .collect()
            .await?;
        text.push_str(&pretty_format_batches(&batches)?.to_string());
        text.push('\n');
    }
    write_text(text.trim_end())
}

fn parameters(given: &[String]) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for parameter in given {
        let Some((name, text)) = parameter.split_once('=') else {
            return Err(Error::invalid_query(format!(
                "`{parameter}` is no parameter: write NAME=VALUE"
            )));
        };
        let value = match serde_json::from_str(text) {
            Ok(json) => value_of(json)?,
            Err(_) => Value::String(text.to_owned()),
        };
        parameters.insert(name.to_owned(), value);
    }
    Ok(parameters)
}

fn value_of(json: serde_json::Value) -> Result<Value> {
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::Int64(integer),
            (None, Some(float)) => Value::Float64(float),
            _ => {
                return Err(Error::invalid_query(format!(
                    "the number {number} is out of range"
                )));
            }
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(value_of).collect::<Result<_>>()?)
        }
        serde_json::Value::Object(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Ok((key, value_of(value)?)))
                .collect::<Result<_>>()?,
        ),
    })
}
