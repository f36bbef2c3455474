//! What `query`, `explain` and `schema` take.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{FunctionArguments, GraphArguments, Settings};

/// Run statements
#[derive(Debug, Args)]
pub(crate) struct Query {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    #[command(flatten)]
    pub(crate) functions: FunctionArguments,
    /// The statements; without them, or with -, they are read from standard input
    pub(crate) text: Option<String>,
    /// Read the statements from a file
    #[arg(long, short, conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// Make the graph where there is none
    #[arg(long)]
    pub(crate) create: bool,
    /// The value of a parameter: NAME=VALUE, where VALUE is JSON or else text
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Form of the output (default: by the ending of --output, a table on a terminal, else CSV)
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write the results to a file, which takes its name when it is whole; .gz and .zst pack it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Tell rows and time of each statement, and which operator an error is of, on standard error
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Read an older snapshot
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) snapshot: u64,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

impl Query {
    /// Whether the statements are to be typed: none are given, and somebody sits at a terminal.
    pub(crate) fn is_typed(&self) -> bool {
        self.text.is_none()
            && self.file.is_none()
            && self.output.is_none()
            && std::io::stdin().is_terminal()
            && std::io::stdout().is_terminal()
    }

    /// The shell on the same graph.
    pub(crate) fn into_shell(self) -> Shell {
        Shell {
            graph: self.graph,
            functions: self.functions,
            format: self.format,
            settings: self.settings,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for the eye, which fits the terminal
    #[value(alias = "box")]
    Table,
    /// A table of Markdown
    Markdown,
    /// A line for each value
    Line,
    /// Comma-separated values; lists, maps and entities as JSON
    Csv,
    /// One JSON object a line
    #[value(aliases = ["jsonlines", "jsonl", "ndjson"])]
    Json,
    /// An Arrow IPC stream
    Arrow,
    /// Parquet
    Parquet,
}

/// Type statements at a prompt, or run those of a file line by line
///
/// A statement ends with a semicolon. The graph is made where there is none. .help shows the commands.
#[derive(Debug, Args)]
pub(crate) struct Shell {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    #[command(flatten)]
    pub(crate) functions: FunctionArguments,
    /// Form of the output (default: a table on a terminal, else CSV)
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Show how a query would run
#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    #[command(flatten)]
    pub(crate) functions: FunctionArguments,
    /// The query
    pub(crate) text: String,
    /// The value of a parameter: NAME=VALUE
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Run it, and show what was measured
    #[arg(long)]
    pub(crate) analyze: bool,
    /// Show stages and exchanges
    #[arg(long)]
    pub(crate) distributed: bool,
    /// Show what each rule of the optimizer changed
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Show how many rows are expected
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) costs: Option<bool>,
    /// Show memory, temporary files, bytes read and the cache; with --analyze
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) buffers: Option<bool>,
    /// Show times and threads; with --analyze
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) timing: Option<bool>,
    /// Form of the output: text, json, dot, mermaid or svg
    #[arg(long, default_value = "text")]
    pub(crate) format: String,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// Show labels, hyperedge types and properties
#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
}
