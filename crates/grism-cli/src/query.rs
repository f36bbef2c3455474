//! `grism query`, `grism explain` and `grism schema`.

use std::io::Read as _;
use std::time::Instant;

use grism::{
    CancellationHandle, Error, ExplainFormat, ExplainOptions, Graph, QueryOptions, QueryResult,
    Result, SnapshotSelector, parse_statements,
};

use crate::arguments::{Explain, Format, Query, Schema};
use crate::functions::{FunctionSource, open};
use crate::interrupt::{Again, until_interrupt};
use crate::output::{ResultWriter, counted_rows, tell, write_text};
use crate::parameter::parameters;

/// The statements that show what a graph has.
pub(crate) const SCHEMA_STATEMENTS: [&str; 4] = [
    "SHOW LABELS",
    "SHOW HYPEREDGE TYPES",
    "SHOW PROPERTIES",
    "SHOW CONSTRAINTS",
];

pub(crate) async fn query(query: Query, functions: Option<&dyn FunctionSource>) -> Result<()> {
    let text = text_of(&query)?;
    let cancellation = CancellationHandle::default();
    let options = QueryOptions {
        parameters: parameters(&query.param)?,
        snapshot: SnapshotSelector::numbered(query.snapshot),
        ..query.settings.options(cancellation.clone())?
    };
    let work = run_all(query, functions, &text, &options);
    until_interrupt(&cancellation, Again::Ends, work).await
}

async fn run_all(
    query: Query,
    functions: Option<&dyn FunctionSource>,
    text: &str,
    options: &QueryOptions,
) -> Result<()> {
    // Nothing runs where one of the statements does not parse, and no graph is made then.
    let statements = parse_statements(text)?;
    if statements.is_empty() {
        return Err(Error::invalid_query("the query is empty"));
    }
    let mut writer = ResultWriter::new(query.format, query.output.as_deref())?;
    let graph = open(&query.graph, query.create, &query.functions, functions).await?;
    for statement in &statements {
        let begun = Instant::now();
        let result = graph.run(statement, options).await?;
        // Where nobody reads on, the statements that are left run all the same: they may write.
        let rows = show(result, &mut writer).await?;
        if query.verbose {
            let seconds = begun.elapsed().as_secs_f64();
            let rows = counted_rows(rows.unwrap_or_default());
            tell(format!("{rows} in {seconds:.3} s"));
        }
    }
    writer.finish()
}

/// Writes what a statement gave; how many rows, or `None` where nobody reads on.
pub(crate) async fn show(result: QueryResult, writer: &mut ResultWriter) -> Result<Option<usize>> {
    for warning in &result.warnings {
        tell(format!("warning: {warning}"));
    }
    if let Some(report) = &result.load {
        tell(report);
    }
    if let Some(counts) = result.written {
        let counts: Vec<String> = counts
            .named()
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{}: {count}", name.replace('_', " ")))
            .collect();
        if !counts.is_empty() {
            tell(counts.join(", "));
        }
    }
    if result.schema().columns().columns.is_empty() {
        result.collect().await?;
        return Ok(Some(0));
    }
    writer.write(result).await
}

fn text_of(query: &Query) -> Result<String> {
    match (&query.text, &query.file) {
        (_, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| Error::from(error).context(path.display())),
        (Some(text), None) if text != "-" => Ok(text.clone()),
        _ => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
    }
}

pub(crate) async fn explain(
    explain: Explain,
    functions: Option<&dyn FunctionSource>,
) -> Result<()> {
    let cancellation = CancellationHandle::default();
    let options = QueryOptions {
        parameters: parameters(&explain.param)?,
        ..explain.settings.options(cancellation.clone())?
    };
    let form = ExplainOptions {
        analyze: explain.analyze,
        distributed: explain.distributed,
        verbose: explain.verbose,
        costs: explain.costs,
        buffers: explain.buffers,
        timing: explain.timing,
        format: ExplainFormat::from_name(&explain.format)?,
    };
    let work = async {
        let graph = open(&explain.graph, false, &explain.functions, functions).await?;
        graph.explain(&explain.text, form, &options).await
    };
    let plan = until_interrupt(&cancellation, Again::Ends, work).await?;
    write_text(plan.trim_end())
}

pub(crate) async fn schema(schema: Schema) -> Result<()> {
    let graph = schema.graph.open(false).await?;
    show_each(&graph, &SCHEMA_STATEMENTS, Some(Format::Table)).await
}

/// Writes the results of statements that list something.
pub(crate) async fn show_each(
    graph: &Graph,
    statements: &[&str],
    format: Option<Format>,
) -> Result<()> {
    let mut writer = ResultWriter::new(format, None)?;
    for statement in statements {
        let result = graph.query(statement, &QueryOptions::default()).await?;
        writer.write(result).await?;
    }
    writer.finish()
}
