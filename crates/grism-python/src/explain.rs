//! Plans as text, as the session asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use grism::{
    Error, ExplainFormat, ExplainOptions, FinishedRun, Frame, Graph, QueryOptions, Result,
};

/// What EXPLAIN shows: options that are on or off, and the name of the format.
pub(crate) type ExplainForm = (BTreeMap<String, bool>, String);

/// A run on Ray: rows, seconds, and what tasks did as JSON.
pub(crate) type ExplainRun = (u64, f64, String);

/// A run on Ray, as EXPLAIN ANALYZE shows it.
fn finished_run((rows, seconds, tasks): ExplainRun) -> grism::Result<FinishedRun> {
    Ok(FinishedRun {
        rows,
        time: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        tasks: serde_json::from_str(&tasks).map_err(|error| Error::internal(error.to_string()))?,
    })
}

/// What EXPLAIN shows.
fn explain_options((flags, format): &ExplainForm) -> grism::Result<ExplainOptions> {
    let mut options = ExplainOptions {
        format: ExplainFormat::from_name(format)?,
        ..ExplainOptions::default()
    };
    for (name, value) in flags {
        options.set(name, *value)?;
    }
    Ok(options)
}

/// The plan of a query.
pub(crate) async fn explained(
    graph: Graph,
    text: String,
    options: QueryOptions,
    form: ExplainForm,
    run: Option<ExplainRun>,
) -> Result<String> {
    let explain = explain_options(&form)?;
    match run {
        Some(run) => {
            let run = finished_run(run)?;
            graph.explain_finished(&text, explain, &options, run).await
        }
        None => graph.explain(&text, explain, &options).await,
    }
}

/// The plan of a frame.
pub(crate) async fn explained_frame(
    graph: Graph,
    frame: Arc<Frame>,
    options: QueryOptions,
    form: ExplainForm,
    run: Option<ExplainRun>,
) -> Result<String> {
    let explain = explain_options(&form)?;
    match run {
        Some(run) => {
            let run = finished_run(run)?;
            let shown = graph.explain_frame_finished(&frame, explain, &options, run);
            shown.await
        }
        None => graph.explain_frame(&frame, explain, &options).await,
    }
}
