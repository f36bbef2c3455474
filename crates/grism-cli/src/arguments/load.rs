//! What `load` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::GraphArguments;

/// Load nodes or hyperedges from files
///
/// CSV, JSON lines, Parquet, Arrow IPC and Lance; CSV and JSON may be packed with gzip or zstd. The form goes by the
/// endings of the names and by the first bytes. What stands between and around the values of CSV files, their encoding and
/// their header are told by their beginnings, and shown.
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
    /// Load nodes, or hyperedges of a declared type, known by this column
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// What becomes of a row whose key is taken
    #[arg(long, value_enum, default_value_t = Conflict::Error)]
    pub(crate) on_conflict: Conflict,
    /// Take only files that were not taken before, and remember them in the graph
    #[arg(long, conflicts_with = "incremental_by")]
    pub(crate) incremental: bool,
    /// Take only rows above the greatest value of this column before, and remember that in the graph
    #[arg(long, value_name = "COLUMN")]
    pub(crate) incremental_by: Option<String>,
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
    /// What stands between the values of a CSV file (default: told by its beginning)
    #[arg(long)]
    pub(crate) delimiter: Option<String>,
    /// What stands around values of a CSV file that hold delimiters (default: told by its beginning)
    #[arg(long)]
    pub(crate) quote: Option<String>,
    /// The first line of a CSV file names its columns (default: unless all its values are numbers or dates)
    #[arg(long, conflicts_with = "no_header")]
    pub(crate) header: bool,
    /// The first line of a CSV file is a row; the columns are column_1 and so on
    #[arg(long)]
    pub(crate) no_header: bool,
    /// The encoding of text files, as utf-8, utf-16 or latin1 (default: told by their beginnings)
    #[arg(long)]
    pub(crate) encoding: Option<String>,
    /// How dates of text files are written, as %d.%m.%Y (default: ISO 8601)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) date_format: Option<String>,
    /// How dates with times of text files are written, as '%d.%m.%Y %H:%M' (default: ISO 8601)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) timestamp_format: Option<String>,
    /// The type of a column: NAME=TYPE, as zip=STRING, or 'born=DATE %d.%m.%Y'
    #[arg(long = "type", value_name = "NAME=TYPE")]
    pub(crate) types: Vec<String>,
    /// An option of the object store that the files lie in
    #[arg(long = "store-option", value_name = "NAME=VALUE")]
    pub(crate) store: Vec<String>,
    /// Check the files, show what would be loaded, and load nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Bytes that the load may hold
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory_limit: Option<usize>,
    /// A text that stands for null in a CSV file, beside the empty one; may be given several times
    #[arg(long, value_name = "TEXT")]
    pub(crate) null: Vec<String>,
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
            ("--on-conflict", self.on_conflict != Conflict::Error),
            ("--incremental", self.incremental),
            ("--incremental-by", self.incremental_by.is_some()),
            ("--delimiter", self.delimiter.is_some()),
            ("--quote", self.quote.is_some()),
            ("--header", self.header),
            ("--no-header", self.no_header),
            ("--encoding", self.encoding.is_some()),
            ("--date-format", self.date_format.is_some()),
            ("--timestamp-format", self.timestamp_format.is_some()),
            ("--type", !self.types.is_empty()),
            ("--store-option", !self.store.is_empty()),
            ("--null", !self.null.is_empty()),
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
pub(crate) enum Conflict {
    /// Fail, or reject the row
    Error,
    /// Leave what is stored as it is
    Skip,
    /// Give what is stored the values of the row
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadRows {
    /// Fail, and load nothing
    Error,
    /// Write the row to the file of --rejects
    Reject,
}
