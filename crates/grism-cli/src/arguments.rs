//! What the command takes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Hypergraph queries on one machine or on Ray.
#[derive(Debug, Parser)]
#[command(name = "grism", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load nodes or hyperedges from files
    Load(Load),
    /// Run statements
    Query(Query),
    /// Show how a query would run
    Explain(Explain),
    /// Show labels, hyperedge types and properties
    Schema(Schema),
    /// Write a graph to a new directory of Parquet files
    Export(Export),
    /// Fill a new graph with what export wrote
    Import(Import),
    /// Verify that tables, incidence lists, statistics and files agree
    Check(Check),
    /// Show the snapshots, or how two of them differ
    History(History),
    /// Rewrite what many small commits left
    Optimize(Optimize),
    /// Drop old snapshots, and remove what only they read
    Vacuum(Vacuum),
    /// Answer the runner of the openCypher TCK
    #[command(hide = true)]
    TckServer(TckServer),
}

/// Answer the runner of the openCypher TCK
#[derive(Debug, Args)]
pub(crate) struct TckServer {
    /// Keep graphs in Lance, in this directory
    #[arg(long)]
    pub(crate) lance: Option<PathBuf>,
    /// Where queries run: local or staged
    #[arg(long, default_value = "local")]
    pub(crate) engine: String,
    /// Threads of the local engine
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// Partitions of the staged engine
    #[arg(long, default_value_t = 2)]
    pub(crate) partitions: usize,
}

/// Write a graph to a new directory of Parquet files
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Path or URI of the graph
    pub(crate) graph: String,
    /// The directory, which is made
    pub(crate) directory: PathBuf,
}

/// Fill a new graph with what export wrote
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Path or URI of the graph, which is made
    pub(crate) graph: String,
    /// The directory that export wrote
    pub(crate) directory: PathBuf,
}

/// Verify that tables, incidence lists, statistics and files agree; the exit code is 1 where they do not
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Path or URI of the graph
    pub(crate) graph: String,
    /// The snapshot to read (default: the newest)
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) snapshot: u64,
}

/// Show the snapshots, or how two of them differ
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Path or URI of the graph
    pub(crate) graph: String,
    /// Show how the second of these snapshots differs from the first
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub(crate) diff: Option<Vec<u64>>,
}

/// Rewrite what many small commits left
#[derive(Debug, Args)]
pub(crate) struct Optimize {
    /// Path or URI of the graph
    pub(crate) graph: String,
}

/// Drop old snapshots, and remove what only they read
///
/// Snapshots with a tag stay, and the newest does.
#[derive(Debug, Args)]
pub(crate) struct Vacuum {
    /// Path or URI of the graph
    pub(crate) graph: String,
    /// Keep snapshots younger than this
    #[arg(long, default_value_t = 168.0, value_name = "HOURS")]
    pub(crate) retain: f64,
    /// Keep so many of the newest snapshots
    #[arg(long, default_value_t = 1, value_name = "SNAPSHOTS")]
    pub(crate) keep: u64,
    /// Leave unnamed files that are younger, since a writer may be about to commit them
    #[arg(long, default_value_t = 1.0, value_name = "HOURS")]
    pub(crate) grace: f64,
    /// Only tell what would go
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Load nodes or hyperedges from files
///
/// CSV, JSON lines, Parquet, Arrow IPC and Lance; CSV and JSON may be packed with gzip or zstd. The form goes by the
/// endings of the names.
///
/// Nodes:       grism load flights.grism Airline airlines.parquet --key carrier
/// Hyperedges:  grism load flights.grism FLIGHT flights.parquet --role carrier=carrier --role plane=Plane:tailnum
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Load {
    /// Path of the graph; it is made where there is none
    pub(crate) graph: String,
    /// Label of the nodes, or type of the hyperedges
    pub(crate) target: String,
    /// The files: paths, patterns such as 'part-*.csv.gz', or URIs
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Load nodes, known by this column
    #[arg(long, conflicts_with = "role", required_unless_present = "role")]
    pub(crate) key: Option<String>,
    /// Load hyperedges, and read a role from a column: ROLE=COLUMN or ROLE=LABEL:COLUMN
    #[arg(long, value_name = "ROLE=[LABEL:]COLUMN")]
    pub(crate) role: Vec<String>,
    /// What becomes of a hyperedge whose member does not exist
    #[arg(long, value_enum, default_value_t = Missing::Error)]
    pub(crate) missing: Missing,
    /// What becomes of a row that cannot be read, or whose key is null or taken
    #[arg(long, value_enum, default_value_t = BadRows::Error)]
    pub(crate) bad_rows: BadRows,
    /// Where rejected rows go: a CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// The form of the files: csv, json, parquet, arrow or lance (default: by their endings)
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// How the files are packed: none, gzip or zstd (default: by their endings)
    #[arg(long)]
    pub(crate) compression: Option<String>,
    /// What stands between the values of a CSV file
    #[arg(long, default_value = ",")]
    pub(crate) delimiter: String,
    /// What stands around values of a CSV file that hold delimiters
    #[arg(long, default_value = "\"")]
    pub(crate) quote: String,
    /// The first line of a CSV file is a row; the columns are column_1 and so on
    #[arg(long)]
    pub(crate) no_header: bool,
    /// The type of a column of a CSV file: NAME=TYPE, as zip=STRING
    #[arg(long = "type", value_name = "NAME=TYPE")]
    pub(crate) types: Vec<String>,
    /// An option of the object store that the files lie in
    #[arg(long = "store-option", value_name = "NAME=VALUE")]
    pub(crate) store: Vec<String>,
    /// Bytes that the load may hold
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_limit: Option<usize>,
    /// The text that stands for null in a CSV file, beside the empty one
    #[arg(long)]
    pub(crate) null: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Missing {
    /// Fail, and load nothing
    Error,
    /// Write the row to the file of --rejects
    Reject,
    /// Make a node with only its key
    Create,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadRows {
    /// Fail, and load nothing
    Error,
    /// Write the row to the file of --rejects
    Reject,
}

/// Run statements
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Path of the graph
    pub(crate) graph: String,
    /// The statements; without them, or with -, they are read from standard input
    pub(crate) text: Option<String>,
    /// Read the statements from a file
    #[arg(long, short, conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// The value of a parameter: NAME=VALUE, where VALUE is JSON or else text
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) param: Vec<String>,
    /// Form of the output (default: a table on a terminal, else CSV)
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Where it runs: local, staged or ray
    #[arg(long, default_value = "local")]
    pub(crate) engine: String,
    /// Threads (default: all cores)
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Stop after this many seconds
    #[arg(long)]
    pub(crate) timeout: Option<f64>,
    /// Read an older snapshot
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) snapshot: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for the eye
    Table,
    /// Comma-separated values
    Csv,
    /// One JSON object a line
    Json,
    /// An Arrow IPC stream
    Arrow,
    /// Parquet
    Parquet,
}

/// Show how a query would run
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Path of the graph
    pub(crate) graph: String,
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
    /// Show the logical plans too
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Show JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show labels, hyperedge types and properties
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Path of the graph
    pub(crate) graph: String,
}
