//! The commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    Check, Explain, Export, FunctionArguments, History, Import, Load, Optimize, Query, Schema,
    Shell, Vacuum,
};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 a check found problems, 2 wrong usage, 3 InvalidQuery, 4 InvalidData, \
5 NotFound, 6 Conflict, 7 ResourceExhausted, 8 Unavailable, 9 Cancelled, 10 Unsupported, 70 Internal";

/// Hypergraph queries on one machine or on Ray.
#[derive(Debug, Parser)]
#[command(name = "grism", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load nodes or hyperedges from files
    Load(Box<Load>),
    /// Run statements
    Query(Query),
    /// Type statements at a prompt, or run those of a file line by line
    Shell(Shell),
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
    /// Print what completes this command's words in a shell
    Completions(Completions),
    /// Answer the runner of the openCypher TCK
    #[command(hide = true)]
    TckServer(TckServer),
}

impl Command {
    /// Whether more is told than results and what is wrong.
    pub(crate) fn is_verbose(&self) -> bool {
        match self {
            Self::Query(query) => query.verbose,
            Self::Explain(explain) => explain.verbose,
            _ => false,
        }
    }

    /// The functions of users that the command asks for; `None` of one that runs no queries.
    pub(crate) fn functions(&self) -> Option<&FunctionArguments> {
        match self {
            Self::Query(query) => Some(&query.functions),
            Self::Shell(shell) => Some(&shell.functions),
            Self::Explain(explain) => Some(&explain.functions),
            _ => None,
        }
    }
}

/// Print what completes this command's words in a shell
///
/// For bash: grism completions bash > ~/.local/share/bash-completion/completions/grism
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
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
