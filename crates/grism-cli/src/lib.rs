//! The `grism` command, which a program of its own and the Python package run.

mod arguments;
mod exit_code;
mod interrupt;
mod load;
mod maintain;
mod output;
mod parameter;
mod query;
mod run;
mod shell;
mod tck;

pub use run::run;
