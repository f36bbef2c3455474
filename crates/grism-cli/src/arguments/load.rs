//! What `load` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::GraphArguments;

/// Load nodes or hyperedges from files
///
/// CSV, JSON lines, Parquet, Arrow IPC and Lance; CSV and JSON may be packed with gzip or zstd. The form goes by the
/// endings of the names.
///
/// Nodes:       grism load flights.grism Airline airlines.parquet --key carrier
/// Hyperedges:  grism load flights.grism FLIGHT flights.parquet --role carrier=carrier --role plane=Plane:tailnum
/// Incidences:  grism load papers.grism PAPER papers.csv authors.csv --group-by paper_id
/// Many types:  grism load papers.grism data/     (as data/load.toml says, in one commit)
///              grism load data/                  (where it names the graph too)
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Load {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    /// Label of the nodes, or type of the hyperedges; without files, a manifest or the directory of a load.toml
    pub(crate) target: Option<String>,
    /// The files: paths, patterns such as 'part-*.csv.gz', or URIs
    pub(crate) files: Vec<String>,
    /// Load nodes, known by this column
    #[arg(long, conflicts_with_all = ["role", "group_by", "split"])]
    pub(crate) key: Option<String>,
    /// Load hyperedges, and read a role from a column: ROLE=COLUMN or ROLE=LABEL:COLUMN
    #[arg(long, value_name = "ROLE=[LABEL:]COLUMN")]
    pub(crate) role: Vec<String>,
    /// All rows with one value of this column are one hyperedge; each file may have columns of its own
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group_by: Option<String>,
    /// What stands between members in a text of a role that takes many
    #[arg(long, value_name = "TEXT")]
    pub(crate) split: Option<String>,
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

impl Load {
    /// An option that was given and says how files are loaded, the first of them.
    pub(crate) fn option_for_files(&self) -> Option<&'static str> {
        let given = [
            ("--key", self.key.is_some()),
            ("--role", !self.role.is_empty()),
            ("--group-by", self.group_by.is_some()),
            ("--split", self.split.is_some()),
            ("--missing", self.missing != Missing::Error),
            ("--bad-rows", self.bad_rows != BadRows::Error),
            ("--rejects", self.rejects.is_some()),
            ("--format", self.format.is_some()),
            ("--compression", self.compression.is_some()),
            ("--delimiter", self.delimiter != ","),
            ("--quote", self.quote != "\""),
            ("--no-header", self.no_header),
            ("--type", !self.types.is_empty()),
            ("--store-option", !self.store.is_empty()),
            ("--null", self.null.is_some()),
        ];
        let first = given.into_iter().find(|(_, is_given)| *is_given);
        first.map(|(option, _)| option)
    }
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
