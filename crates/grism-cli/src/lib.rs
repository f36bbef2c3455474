//! The `grism` command, which a program of its own and the Python package run.

mod arguments;
mod command;
mod exit_code;
mod load;
mod maintain;
mod output;
mod parameter;
mod query;
mod shell;
mod tck;

pub use command::run;
