//! What the commands take that look after a graph.

use std::path::PathBuf;

use clap::Args;

use super::GraphArguments;

/// Write a graph to a new directory of Parquet files
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    /// The directory, which is made
    pub(crate) directory: PathBuf,
}

/// Fill a new graph with what export wrote
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    /// The directory that export wrote
    pub(crate) directory: PathBuf,
}

/// Verify that tables, incidence lists, statistics and files agree; the exit code is 1 where they do not
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    /// The snapshot to read (default: the newest)
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(crate) snapshot: u64,
}

/// Show the snapshots, or how two of them differ
#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
    /// Show how the second of these snapshots differs from the first
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub(crate) diff: Option<Vec<u64>>,
}

/// Rewrite what many small commits left
#[derive(Debug, Args)]
pub(crate) struct Optimize {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
}

/// Drop old snapshots, and remove what only they read
///
/// Snapshots with a tag stay, and the newest does.
#[derive(Debug, Args)]
pub(crate) struct Vacuum {
    #[command(flatten)]
    pub(crate) graph: GraphArguments,
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
